"""Query conditions that compare stored times with the database's clock, the one clock that is believed.

A time that lies in the future was written while somebody's clock was wrong, or by hand. Whatever it governs would
rest until then: so it counts as one that is long over. Where a time may rightly lie ahead (the next try), it is
believed up to the furthest that we ourselves would have set.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

# Of two that write at once the second may hold a statement older than what the first has written.
TOLERANCE = timedelta(seconds=5)


def long_ago(field: str, span: timedelta) -> Q:
    """Condition: this happened at least `span` ago, or cannot have happened yet."""
    return Q(**{f"{field}__lte": Now() - span}) | Q(**{f"{field}__gt": Now() + TOLERANCE})


def lately(field: str, span: timedelta) -> Q:
    """Condition: this happened within the last `span`."""
    return Q(**{f"{field}__gt": Now() - span, f"{field}__lte": Now() + TOLERANCE})


def due(field: str, furthest: timedelta, now: datetime | Now | None = None) -> Q:
    """Condition: this time has come, or lies further ahead than anybody can have meant."""
    now = now or Now()
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": now + furthest + TOLERANCE})


def database_now() -> datetime:
    """Return the database's time at the start of this statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]
