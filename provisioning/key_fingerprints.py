"""Fingerprints of SECRET_KEY: each sweep leaves one, so that hosts with different keys are noticed.

With two keys people are logged out at every other page, and what one host has signed the other calls forged.
"""

from datetime import timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.database.clock import lately
from provisioning.models import Heartbeat

MARK = "key "
LATELY = timedelta(minutes=10)


def key_mark() -> str:
    """Name of the heartbeat that carries the fingerprint of our SECRET_KEY."""
    return MARK + salted_hmac("provisioning.keys", "", secret=settings.SECRET_KEY).hexdigest()[:16]


def others_have_another() -> bool:
    """True if another SECRET_KEY has swept within LATELY."""
    swept = Heartbeat.objects.filter(lately("at", LATELY), name__startswith=MARK)
    return swept.exclude(name=key_mark()).exists()
