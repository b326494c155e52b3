"""Context processor for outages: the same words about the whole platform on every page, whoever looks."""

from collections.abc import Collection

from django.core.cache import cache
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

from accounts.database.errors import if_the_database_allows
from accounts.sentences import SENTENCES, clock, say
from provisioning.emails.delivery import MAIL
from provisioning.engine import circuit_breaker
from provisioning.models import Dependency

LOOK_AGAIN_AFTER = 2  # seconds


def outage_notices(_request):
    """Context processor: one notice of all that is down, and when an email will come, looked up where it is shown."""
    return {
        "outage_notice": SimpleLazyObject(lambda: _notice(_down_now())),
        "letter_ways_on": SimpleLazyObject(
            lambda: say("letter.ways_on_late" if MAIL in _down_now() else "letter.ways_on")
        ),
    }


def _down_now() -> dict[str, Dependency]:
    with if_the_database_allows():
        return cache.get_or_set("outages", circuit_breaker.broken_now, LOOK_AGAIN_AFTER) or {}
    return {}


def _notice(down: dict[str, Dependency]) -> SafeString | str:
    """Notice of an outage, with the one time at which the next of its services is asked again."""
    moments = [row.probe_at for row in down.values() if row.probe_at]
    return say(_key(down), time=clock(min(moments))) if moments else ""


def _key(down: Collection[str]) -> str:
    if len(down) == 1:
        [name] = down
        return f"outage.{name}" if f"outage.{name}" in SENTENCES else "outage.other"
    return "outage.several" if MAIL in down else "outage.other"
