"""Periodic job of the OpenID Connect provider: the first key is made; codes, tokens and old keys are deleted."""

from django.conf import settings

from product.models import Client
from product.oidc import keys
from product.oidc.validator import forget_ended

BATCH = 1000


def forget_old() -> None:
    """Delete what has ended, a batch at a time. A key takes a second or two to make: no visitor waits for it."""
    if settings.OIDC_CLIENTS or Client.objects.exists():
        keys.make_first()
    forget_ended(BATCH)
    keys.forget_old()
