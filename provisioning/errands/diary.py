"""Reading of the diary by whoever owes an errand for what stands in it: each line once, whenever it was committed.

A bookmark (a heartbeat by the reader's name) says up to when all was read. Lines from a while before it are looked at
again, since a transaction that began earlier may have ended later; what was owed for a line stands as its occasion.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Least, Now

from accounts.database.clock import database_now
from accounts.models import Event
from provisioning.engine.settle import lock_accounts
from provisioning.models import Errand, Heartbeat

LONGEST_TRANSACTION = timedelta(minutes=10)
BATCH = 500


def unread(reader: str, kinds: Iterable[str]) -> QuerySet[Event]:
    """Lines of these kinds for which this reader has owed nothing yet; those of the last minutes where it is new."""
    bookmark = Subquery(Heartbeat.objects.filter(name=reader).values("at")[:1])
    occasion = Concat(Value(f"{reader} "), Cast(OuterRef("pk"), CharField()))
    return Event.objects.filter(
        ~Exists(Errand.objects.filter(occasion=occasion)),
        account__isnull=False,
        kind__in=[str(kind) for kind in kinds],
        at__gt=Least(Coalesce(bookmark, Now()), Now()) - LONGEST_TRANSACTION,
    )


def occasion_of(reader: str, line: Event) -> str:
    """Occasion of the errand that is owed for a line."""
    return f"{reader} {line.pk}"


def read(
    reader: str, lines: Callable[[], QuerySet[Event]], owe: Callable[[Sequence[Event]], Iterable[Errand]]
) -> None:
    """Owe an errand for each unread line, in their order, and move the bookmark.

    The accounts are locked, as by whoever deletes one: nothing is owed after what is owed for the deletion.
    """
    until = database_now()
    while _read_batch(lines(), owe) == BATCH:
        pass
    Heartbeat.objects.update_or_create(name=reader, defaults={"at": until})


def _read_batch(lines: QuerySet[Event], owe: Callable[[Sequence[Event]], Iterable[Errand]]) -> int:
    with transaction.atomic():
        found = list(lines.order_by("at", "pk")[:BATCH])
        there = lock_accounts({line.account_id for line in found if line.account_id})
        Errand.objects.owe(*owe([line for line in found if line.account_id in there]))
    return len(found)
