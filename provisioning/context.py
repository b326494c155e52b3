"""What every page may say about the whole platform: the same words whoever looks."""

from django.core.cache import cache
from django.db import DatabaseError
from django.utils.functional import SimpleLazyObject

from accounts.messages import SENTENCES, clock, say
from provisioning import outages

LOOK_AGAIN_AFTER = 2  # seconds


def outage_notices(_request):
    return {"outage_notices": SimpleLazyObject(_notices)}


def _notices() -> list[str]:
    try:
        down = cache.get_or_set("outages", outages.broken_now, LOOK_AGAIN_AFTER) or {}
    except DatabaseError:
        return []
    return [_notice(name, row.probe_at) for name, row in sorted(down.items())]


def _notice(name: str, probe_at) -> str:
    key = f"outage.{name}"
    return say(key if key in SENTENCES else "outage.other", time=clock(probe_at))
