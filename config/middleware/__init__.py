"""Middleware of the project: request ids and access log, security headers, error pages, language."""
