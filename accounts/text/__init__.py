"""Normalisation of what people type: Unicode, e-mail addresses, typing errors, User-Agent headers."""
