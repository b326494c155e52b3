"""Each item by itself: one row's exception ends that row's turn only, is kept as a Fault, and rests ever longer.

Whatever is done for many goes through `each`; whatever is done one after the other goes through `phase`. Only a
database that is away ends them all: then there is nothing to be done for anybody.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Cast, Now

from accounts.away import is_away, is_passing
from provisioning.models import Fault
from provisioning.storable import storable

logger = logging.getLogger(__name__)

RESTS = (10, 60, 300, 1800, 3600, 6 * 3600, 24 * 3600)  # seconds; the last repeats
MOST_RESTING = 1000
PHASE = "phase"  # the table of those faults that are no row's
Row = TypeVar("Row", bound=models.Model)


def each(rows: Iterable[models.Model], do: Callable[[Any], object], doing: str) -> int:
    """Do it for every row, each in a transaction of its own. Returns how many went well.

    Raises only what says that the database is away. A deadlock or a lock ends the row's turn without a note.
    """
    return sum(one(row, do, doing) for row in rows)


def one(row: models.Model, do: Callable[[Any], object], doing: str) -> bool:
    """Do it for this row; False: it could not be done, which is noted."""
    try:
        with transaction.atomic():
            do(row)
    except Exception as error:
        _note(table_of(row), str(row.pk), doing, error)
        return False
    return True


def together(keys: Sequence[Any], do: Callable[[Sequence[Any]], object], of: type[models.Model], doing: str) -> None:
    """One batch for all of them; if it breaks as a whole, one by one, and whoever breaks it is noted."""
    attempt(lambda: do(keys), lambda _error: each((of(pk=key) for key in keys), lambda row: do([row.pk]), doing))


def attempt(do: Callable[[], object], otherwise: Callable[[Exception], object]) -> bool:
    """Do it in a transaction; if it breaks, and not because the database is away, do the other thing instead."""
    try:
        with transaction.atomic():
            do()
    except Exception as error:
        if is_passing(error):
            raise
        otherwise(error)
        return False
    return True


def phases(parts: Mapping[str, Callable[[], object]]) -> None:
    """The parts of a sweep, or periodic jobs, one after the other: one that breaks is noted, the next goes on."""
    noted = dict(Fault.objects.filter(table=PHASE, row__in=list(parts)).values_list("row", "next_at"))
    still = set(resting(PHASE)) if noted else set()
    for name, do in parts.items():
        if name not in still and phase(name, do) and name in noted:
            forget(PHASE, [name])


def phase(name: str, do: Callable[[], object]) -> bool:
    """One part by itself. False: it broke, which is noted."""
    try:
        do()
    except Exception as error:
        _note(PHASE, name, name, error)
        return False
    return True


def resting(of: type[models.Model] | str) -> list[str]:
    """The keys of those that broke and whose next turn is not yet due."""
    return list(_resting(of).order_by("-next_at").values_list("row", flat=True)[:MOST_RESTING])


def _resting(of: type[models.Model] | str) -> "models.QuerySet[Fault]":
    longest = timedelta(seconds=RESTS[-1])  # a time further away is some other clock's
    return Fault.objects.filter(table=table_of(of), next_at__gt=Now(), next_at__lte=Now() + longest)


def noted(of: type[models.Model] | str) -> list[str]:
    """The keys of all that broke when they were last tried."""
    return list(Fault.objects.filter(table=table_of(of)).values_list("row", flat=True)[:MOST_RESTING])


def without_resting(rows: "models.QuerySet[Row]") -> "models.QuerySet[Row]":
    """These rows but for those that broke lately."""
    key = Cast(OuterRef("pk"), models.TextField())
    return rows.filter(~Exists(_resting(rows.model).filter(row=key)))


def forget(of: type[models.Model] | str, keys: Collection[Any]) -> None:
    """They went well."""
    Fault.objects.filter(table=table_of(of), row__in=[str(key) for key in keys]).delete()


def table_of(of: Any) -> str:
    return of if isinstance(of, str) else of._meta.label


def note(row: models.Model, doing: str, error: BaseException) -> None:
    """Keep that this row could not be handled, for the desk; its next turn comes ever later."""
    _note(table_of(row), str(row.pk), doing, error)


def _note(table: str, key: str, doing: str, error: BaseException) -> None:
    if is_away(error):
        raise error
    if is_passing(error):
        return
    if connection.in_atomic_block and connection.needs_rollback:
        raise error  # the caller's transaction is lost as a whole: whoever began it settles one by one
    logger.error("%s %s: %s broke", table, key, doing, exc_info=error)
    words = storable(f"{doing}: {type(error).__name__}: {error}")
    fault, made = Fault.objects.get_or_create(
        table=table, row=key[:80], defaults={"words": words, "next_at": Now() + timedelta(seconds=RESTS[0])}
    )
    if not made:
        rest = timedelta(seconds=RESTS[min(fault.times, len(RESTS) - 1)])
        Fault.objects.filter(pk=fault.pk).update(words=words, times=F("times") + 1, at=Now(), next_at=Now() + rest)
