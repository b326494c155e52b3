"""Pages of the desk: dashboard, account and incident cards, lists, search, two-factor login, refusals."""
