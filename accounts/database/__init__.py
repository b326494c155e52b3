"""The database as a dependency that may be slow, read-only or away: its clock, its errors, and timeouts."""
