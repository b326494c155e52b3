"""Middleware of the account room: database outages, rate limits, preferences and repair of broken links."""
