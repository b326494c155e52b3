"""Database engine: Django's PostgreSQL backend with timeouts of our own."""
