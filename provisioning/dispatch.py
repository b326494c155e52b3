"""Dispatch to Celery of what is due now for the person who is looking: best effort, and bounded.

A dead or mute broker costs a page half a second, once in a while; the sweep does the work anyway. Nothing is looked
up here: a page takes the same time whether there is something to begin or not.
"""

import time
from datetime import timedelta
from threading import Lock, Thread

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.db.models import QuerySet
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.database.clock import lately
from accounts.database.errors import if_the_database_allows
from accounts.models import Account
from provisioning import sweep, tasks
from provisioning.engine.loop import ENGINE
from provisioning.models import Heartbeat

BROKER_ERRORS = (OperationalError, RedisError, OSError)  # it is away, or mute
AGAIN_AFTER = 10  # seconds between two kicks for one account
SUSPECT_FOR = 30.0  # seconds a silent broker is left alone
STALE_AFTER = timedelta(seconds=30)

_suspect_until = 0.0
_slice = Lock()


def kick(account: Account) -> None:
    """Ask Celery to begin what is due for this account, at most every AGAIN_AFTER seconds; else run a slice here."""
    if cache.add(f"kick-{account.pk}", 1, AGAIN_AFTER) and (not _publish(account) or sweep_is_stale()):
        run_inline()


def _publish(account: Account) -> bool:
    global _suspect_until
    if time.monotonic() < _suspect_until:
        return False
    try:
        tasks.look_after.apply_async([str(account.pk)], expires=settings.SETUP_LEASE.total_seconds())
        return True
    except BROKER_ERRORS:
        _suspect_until = time.monotonic() + SUSPECT_FOR
        return False


def fresh_sweep() -> QuerySet[Heartbeat]:
    """The sweep's heartbeat, if it is not stale.

    One from the future is stale: the clock was wrong when it was written.
    """
    pause = max(STALE_AFTER, timedelta(seconds=3 * settings.SWEEP_SECONDS))
    return Heartbeat.objects.filter(lately("at", pause), name="sweep")


def sweep_is_stale() -> bool:
    """Whether no sweep has run through for a while: the worker or the beat is not there."""
    return not fresh_sweep().exists()


def run_inline() -> None:
    """Run a little of what is due in a thread of this very process, beside the request and one slice at a time."""
    if _slice.acquire(blocking=False):
        Thread(target=_run_inline, daemon=True, name="slice").start()


def _run_inline() -> None:
    try:
        with if_the_database_allows():  # the page has said so already, and the next one tries again
            sweep.fetch_everywhere()
            ENGINE.wake(1)
    finally:
        connections.close_all()
        _slice.release()
