"""Staff actions: the functions, their authorisation, their view, the stale-page check and kept form input."""
