"""Periodic job of the OpenID Connect provider: codes, tokens and keys that have ended are deleted."""

from product.oidc import keys
from product.oidc.validator import forget_ended

BATCH = 1000


def forget_old() -> None:
    """Delete what has ended, a batch at a time."""
    forget_ended(BATCH)
    keys.forget_old()
