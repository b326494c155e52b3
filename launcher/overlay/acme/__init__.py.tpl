"""Acme's platform, on top of Arrivals."""
