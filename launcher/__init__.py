"""Launcher: private PostgreSQL and Valkey, the three programs (web, worker, beat) and their supervisor."""
