"""Audit of every account, step, email, promise, ticket, message and workspace, in batches of keys.

Each batch is one statement of its own, so nothing is held; what changes meanwhile is seen as it was at its batch.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from accounts.database.clock import database_now, long_ago
from accounts.models import Account
from provisioning.exceptions import StepFailed
from provisioning.models import Audit, Errand, State, Workspace
from provisioning.workspaces import backend_name, list_workspaces
from support.audit.books import BOOKS, GRACE, Book, facts

BATCH = 2_000
SHOWN = 20  # rows of a verdict that are named; all are counted
KEPT = timedelta(days=90)
ROOMS = "workspaces"
UNKNOWN_ROOM = "there, of no account"
LOST_ROOM = "promised, and not there"


@dataclass
class Findings:
    """Counts of each verdict by book, and of those that are wrong the first rows by key."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    unasked: str = ""

    def add(self, book: str, said: str, number: int, keys: Iterable[Any] | None = None) -> None:
        """Count rows of a verdict; with `keys` nobody accounts for them."""
        self.counts[book][said] += number
        if keys is not None:
            self.wrong[book, said] += number
            named = self.rows[book, said]
            named += [str(key) for key in keys][: SHOWN - len(named)]

    @property
    def unaccounted(self) -> int:
        return self.wrong.total()


def audit() -> Audit:
    """Look at everything once, and keep the result."""
    began = monotonic()
    found = Findings()
    now = database_now()
    for book in BOOKS:
        read(book, found, now)
    compare_rooms(found, now)
    return _keep(found, monotonic() - began)


def read(book: Book, found: Findings, now: datetime) -> None:
    """Look at every row of a book, a batch of keys at a time."""
    statement, values = _statement(book), facts(now)
    after: Any = book.key[1]
    while after is not None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values | {"after": after, "batch": BATCH, "shown": SHOWN})
            rows = cursor.fetchall()
        for number, count, keys, _last in rows:
            verdict = book.verdicts[number]
            found.add(book.name, verdict.said, count, keys if verdict.wrong else None)
        after = max((last for *_rest, last in rows), default=None)


def _statement(book: Book) -> str:
    """One batch, each row with the first verdict whose condition is true, counted by verdict."""
    cases = " ".join(f"WHEN {one.condition} THEN {number}" for number, one in enumerate(book.verdicts))
    return f"""
        WITH batch AS (
            SELECT row.id, CASE {cases} END AS verdict FROM (
                SELECT * FROM {book.table} AS row
                WHERE id > %(after)s::{book.key[0]} AND {book.rows} ORDER BY id LIMIT %(batch)s
            ) AS row
        )
        SELECT verdict, count(*), (array_agg(id ORDER BY id))[1:%(shown)s], (array_agg(id ORDER BY id DESC))[1]
        FROM batch GROUP BY verdict
    """


def compare_rooms(found: Findings, now: datetime) -> None:
    """Compare the workspaces that the backend says it has with those that were promised, both ways."""
    try:
        listed = {_key(name) for name in list_workspaces()}
    except StepFailed as failure:
        found.unasked = failure.reason
        return
    names = list(listed)
    for some in (names[start : start + BATCH] for start in range(0, len(names), BATCH)):
        ids = [key for key in some if isinstance(key, UUID)]
        known = set(Account.objects.filter(pk__in=ids).values_list("pk", flat=True))
        owed = _whose_end_is_owed(ids) - known
        unknown = sorted(str(key) for key in set(some) - known - owed)
        found.add(ROOMS, "there, of an account", len(known))
        if owed:
            found.add(ROOMS, "there, and its end is owed", len(owed))
        if unknown:
            found.add(ROOMS, UNKNOWN_ROOM, len(unknown), unknown)
    for rooms in _batches_of_promised(now - GRACE):
        if gone := [key for key in rooms if key not in listed]:
            found.add(ROOMS, LOST_ROOM, len(gone), gone)


def _whose_end_is_owed(ids: list[UUID]) -> set[UUID]:
    """Those of deleted accounts whose workspace is still to be ended, or of which the desk knows that it cannot."""
    owed = Errand.objects.filter(account__in=ids, kind="workspace.delete", state__in=(State.OPEN, State.DEAD))
    return set(owed.values_list("account", flat=True))


def _key(name: str) -> UUID | str:
    try:
        return UUID(name)
    except ValueError:
        return name


def _batches_of_promised(before: datetime) -> Iterator[list[UUID]]:
    """Accounts that were given a workspace of this backend, a batch of keys at a time."""
    rows = Workspace.objects.filter(backend=backend_name(), created_at__lt=before).order_by("pk")
    after = 0
    while batch := list(rows.filter(pk__gt=after).values_list("pk", "account_id")[:BATCH]):
        after = batch[-1][0]
        yield [account_id for _pk, account_id in batch]


def _keep(found: Findings, seconds: float) -> Audit:
    rows = [[book, said, key] for (book, said), keys in found.rows.items() for key in keys]
    Audit.objects.filter(long_ago("at", KEPT)).delete()
    result = Audit.objects.create(
        at=Now(),
        seconds=seconds,
        unaccounted=found.unaccounted,
        counts={book: dict(counts) for book, counts in found.counts.items()},
        rows=rows,
        unasked=found.unasked,
    )
    result.refresh_from_db()
    return result
