"""Sentry error reports, where SENTRY_DSN names it: what broke and where, and nothing of the person it broke for."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.logs import masked

SAYS_WHO = ("request", "breadcrumbs", "user", "extra", "server_name")


def start(dsn: str) -> None:
    """Start Sentry, if a DSN is named. Raises ImproperlyConfigured without sentry-sdk."""
    if not dsn:
        return
    if find_spec("sentry_sdk") is None:
        raise ImproperlyConfigured("SENTRY_DSN is named and sentry-sdk is not installed: pip install sentry-sdk.")
    import_module("sentry_sdk").init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,  # a view's are passwords
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=without_persons,
    )


def without_persons(event: dict[str, Any], _hint: Any) -> dict[str, Any]:
    """Event filter that removes personal data: paths have tokens in them, and words have addresses."""
    return masked({name: value for name, value in event.items() if name not in SAYS_WHO})
