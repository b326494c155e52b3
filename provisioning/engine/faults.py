"""Isolation of failures: one row's exception ends that row's turn only, is kept as a Fault, and rests ever longer.

Whatever is done for many goes through `each`; whatever is done one after the other goes through phases.py. Only a
database that is away ends them all: then there is nothing to be done for anybody.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Now

from accounts.database import clock
from accounts.database.errors import is_away, is_passing
from provisioning.models import Fault
from provisioning.sanitize import storable

logger = logging.getLogger(__name__)

RESTS = (10, 60, 300, 1800, 3600, 6 * 3600, 24 * 3600)  # seconds; the last repeats
MOST_RESTING = 1000
LONGEST_DOING = 80
GONE_AFTER = timedelta(minutes=5)
Row = TypeVar("Row", bound=models.Model)
Words = TypeVar("Words")
Other = TypeVar("Other")


def each(rows: Iterable[models.Model], do: Callable[[Any], object], doing: str, whole: bool = True) -> int:
    """Run `do` for every row, each in a transaction of its own. Returns how many went well.

    Raises only what says that the database is away. A deadlock or a lock ends the row's turn without a note.
    """
    return sum(one(row, do, doing, whole) for row in rows)


def one(row: models.Model, do: Callable[[Any], object], doing: str, whole: bool = True) -> bool:
    """Run `do` for this row. False: it could not be done, which is noted."""
    went_well = turn(row, row.pk, partial(do, row), doing, whole)
    if went_well and getattr(row, "noted_before", False):
        forget(row, [row.pk], doing)
    return went_well


def turn(of: Any, key: Any, do: Callable[[], object], doing: str, whole: bool = True) -> bool:
    """Run `do` for a row of which only the key is known. False: it could not be done, which is noted.

    Not `whole`: in no transaction, for what talks to somebody outside meanwhile.
    """
    try:
        with transaction.atomic() if whole else nullcontext():
            do()
    except Exception as error:
        _note(table_of(of), str(key), doing, error)
        return False
    return True


def batch(
    rows: "QuerySet[Row]", do: Callable[[Row], object], doing: str, most: int | None = None, whole: bool = True
) -> int:
    """Run `do` for the first `most` of these rows that do not rest, each by itself. Returns how many went well.

    Rows that are locked are locked together. Where they cannot even be read together (a date that Python does not
    have), or what was done cannot be committed together, they are taken one by one.
    """
    ready = without_resting(rows, doing)
    if ready.query.is_empty():
        return 0
    waiting = ready.annotate(noted_before=Exists(_faults_of(rows.model, doing)))
    try:
        with transaction.atomic() if rows.query.select_for_update else nullcontext():
            return each(waiting[:most], do, doing, whole)
    except Exception as error:
        if is_passing(error):
            raise
    keys = _keys(waiting, most)
    return sum(turn(rows.model, key, partial(_read_and_do, waiting.filter(pk=key), do), doing, whole) for key in keys)


def _read_and_do(found: "QuerySet[Any]", do: Callable[[Any], object]) -> None:
    for row in found:
        do(row)


def together(
    rows: "QuerySet[Row]", do: Callable[["QuerySet[Row]"], object], doing: str, most: int | None = None
) -> None:
    """One statement for the first `most` of these rows that do not rest; where it breaks, one for each."""
    waiting = without_resting(rows, doing)
    if waiting.query.is_empty():
        return
    try:
        with transaction.atomic():
            do(waiting[:most] if most else waiting)
        return
    except Exception as error:
        if is_passing(error):
            raise
    for key in _keys(waiting, most):
        turn(rows.model, key, partial(do, waiting.filter(pk=key)), doing)


def _keys(rows: "QuerySet[Row]", most: int | None = None) -> list[Any]:
    with transaction.atomic():  # for those that are locked
        return [row.pk for row in rows.select_related(None).only("pk")[:most]]


def attempt(do: Callable[[], object], otherwise: Callable[[Exception], object]) -> bool:
    """Run `do` in a transaction; if it breaks, roll back and run `otherwise` instead. True: `do` went well.

    Raises what is passing: a database that is away, a deadlock, a lock.
    """
    try:
        with transaction.atomic():
            do()
    except Exception as error:
        if is_passing(error):
            raise
        otherwise(error)
        return False
    return True


def read(get: Callable[[], Words], otherwise: Other) -> Words | Other:
    """The result of reading something from outside; `otherwise` where a library breaks on it.

    Raises what says that the database is away.
    """
    try:
        return get()
    except Exception as error:
        if is_away(error):
            raise
        logger.warning("something from outside could not be read", exc_info=error)
        return otherwise


def readable(rows: "QuerySet[Row]", most: int | None = None) -> list[Row]:
    """The first `most` of these rows, for a page; without those that cannot even be read."""
    at_once = read(lambda: list(rows[:most]), None)
    if at_once is not None:
        return at_once
    found: list[Row] = []
    for key in _keys(rows, most):
        found += read(partial(list, rows.filter(pk=key)), [])
    return found


def resting(of: type[models.Model] | str) -> list[str]:
    """Keys of the rows that broke and whose next turn is not yet due."""
    rows = Fault.objects.filter(rests(), table=table_of(of)).order_by("-next_at")
    return list(rows.values_list("row", flat=True)[:MOST_RESTING])


def noted(of: type[models.Model] | str) -> list[str]:
    """Keys of all rows that broke when they were last tried."""
    return list(Fault.objects.filter(table=table_of(of)).values_list("row", flat=True)[:MOST_RESTING])


def without_resting(rows: "QuerySet[Row]", doing: str = "") -> "QuerySet[Row]":
    """These rows but for those that broke lately: in doing this, or in doing anything.

    The database leaves them out, so that no number of them fills a batch. Mostly there are no rows at all, which is
    asked at once, since it takes far fewer words.
    """
    at_all = rows.order_by()
    at_all.query.select_for_update = False
    if not at_all.exists():
        return rows.none()
    return awake(rows, doing)


def awake(rows: "QuerySet[Row]", doing: str = "") -> "QuerySet[Row]":
    """The same as `without_resting`, for rows of which it is likely that there are some."""
    return rows.filter(~Exists(_faults_of(rows.model, doing).filter(rests())))


def rests() -> Q:
    """Filter for faults whose next turn has not come."""
    return ~clock.due("next_at", timedelta(seconds=RESTS[-1]))


def _faults_of(model: type[models.Model], doing: str = "") -> "QuerySet[Fault]":
    theirs = Fault.objects.filter(table=table_of(model), row=Cast(OuterRef("pk"), models.TextField()))
    return theirs.filter(doing=doing[:LONGEST_DOING]) if doing else theirs


def forget(of: Any, keys: Collection[Any], doing: str = "") -> None:
    """Delete the faults of rows that went well: in this, or in everything."""
    faults = Fault.objects.filter(table=table_of(of), row__in=[str(key) for key in keys])
    (faults.filter(doing=doing[:LONGEST_DOING]) if doing else faults).delete()


def forget_healed() -> None:
    """Delete the faults whose turn has come and gone without a new note.

    It went well, or nothing is left to be done.
    """
    Fault.objects.filter(next_at__lt=Now() - GONE_AFTER).delete()


def table_of(of: Any) -> str:
    """Name under which the faults of a model, or of a phase, are kept."""
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
    words = storable(f"{doing}: {type(error).__name__}: {error}" if doing else f"{type(error).__name__}: {error}")
    fault, made = Fault.objects.get_or_create(
        table=table,
        row=key[:80],
        doing=doing[:LONGEST_DOING],
        defaults={"words": words, "next_at": Now() + timedelta(seconds=RESTS[0])},
    )
    if not made:
        rest = timedelta(seconds=RESTS[min(fault.times, len(RESTS) - 1)])
        Fault.objects.filter(pk=fault.pk).update(words=words, times=F("times") + 1, at=Now(), next_at=Now() + rest)
