"""Context processor for outage notices: the same words about the whole platform on every page, whoever looks."""

from django.core.cache import cache
from django.utils.functional import SimpleLazyObject

from accounts.database.errors import if_the_database_allows
from accounts.sentences import SENTENCES, clock, say
from provisioning.engine import circuit_breaker
from provisioning.models import Dependency

LOOK_AGAIN_AFTER = 2  # seconds


def outage_notices(_request):
    """Context processor: a sentence for each dependency that is down, looked up only where a page shows it."""
    return {"outage_notices": SimpleLazyObject(_notices)}


def _notices() -> list[str]:
    down: dict[str, Dependency] = {}
    with if_the_database_allows():
        down = cache.get_or_set("outages", circuit_breaker.broken_now, LOOK_AGAIN_AFTER) or {}
    keys = {name: f"outage.{name}" if f"outage.{name}" in SENTENCES else "outage.other" for name in down}
    return [say(keys[name], time=clock(row.probe_at)) for name, row in sorted(down.items())]
