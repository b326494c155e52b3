"""Claiming of due steps with a lease (FOR UPDATE SKIP LOCKED), and performing of one.

Two of the four parts of the one road (intake/pickup.py, settle.py); all else makes work due. Nothing here holds a
transaction across a call to somebody else's server.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from accounts.database.errors import is_passing
from provisioning.engine import faults
from provisioning.engine.log_context import under_way
from provisioning.exceptions import StepFailed
from provisioning.kinds import find_kind, known_kinds
from provisioning.models import Step

logger = logging.getLogger(__name__)

# Not one that could not be handled a while ago (engine/faults.py).
AWAKE = """NOT EXISTS (
            SELECT FROM provisioning_fault AS fault WHERE fault."table" = 'provisioning.Step'
            AND fault."row" = provisioning_step.id::text
            AND fault.next_at > now() AND fault.next_at < now() + interval '1 day'
        )"""
CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id FROM provisioning_step WHERE {which} AND {AWAKE}
        ORDER BY {order} LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    UPDATE provisioning_step AS step
    SET epoch = epoch + 1, attempts = attempts + 1, due_at = now() + %(lease)s, leased = true
    FROM due WHERE step.id = due.id
    RETURNING step.*
"""
DUE = "dependency = %(dependency)s AND kind = ANY(%(kinds)s) AND state IN ('open', 'waived') AND due_at <= now()"
ONE = DUE + " AND id = %(id)s"
TICKETED = """
    state IN ('open', 'waived') AND kind = ANY(%(kinds)s)
    AND (id, epoch) IN (SELECT * FROM unnest(%(ids)s::bigint[], %(epochs)s::int[]))
    AND dependency NOT IN (SELECT name FROM provisioning_dependency WHERE broken OR rate IS NOT NULL)
"""

OLDEST = "due_at"
# A probe is whom the desk asks for, else somebody under no suspicion, else the one who waits longest. Of those who
# never failed the latest: those who came together with whoever failed may fail for the same reason.
UNSUSPECTED = """
    due_at > now() - %(asked_for)s, failed_at IS NOT NULL, theirs,
    CASE WHEN failed_at IS NULL THEN due_at END DESC, due_at
"""
ASKED_FOR = timedelta(days=10_000)  # due that long ago: somebody at the desk pressed Recover
GIVE_BACK = """
    UPDATE provisioning_step AS step
    SET epoch = step.epoch - 1, attempts = greatest(attempts - 1, 0), due_at = now(), leased = false
    FROM unnest(%(ids)s::bigint[], %(epochs)s::int[]) AS ours (id, epoch)
    WHERE step.id = ours.id AND step.epoch = ours.epoch AND leased
"""
RENEW = """
    UPDATE provisioning_step AS step SET due_at = now() + %(lease)s
    FROM unnest(%(ids)s::bigint[], %(epochs)s::int[]) AS ours (id, epoch)
    WHERE step.id = ours.id AND step.epoch = ours.epoch AND leased
"""


@dataclass(frozen=True)
class Result:
    """Result of one try.

    `failure` is None when it worked; `too_late`: it was claimed and never begun.
    """

    step: Any  # a Step, or a row of another source
    seconds: float
    reference: str = ""
    failure: StepFailed | None = None
    too_late: bool = False


def claim_due(dependency: str, kinds: Sequence[str], limit: int, probe: bool = False) -> list[Step]:
    """Claim up to `limit` due steps with a lease, oldest first, in one statement; if it breaks, one by one."""
    values = {"dependency": dependency, "kinds": list(kinds), "limit": limit, "asked_for": ASKED_FOR}
    order = UNSUSPECTED if probe else OLDEST
    try:
        return _claim(DUE, values, order)
    except DatabaseError as error:
        if is_passing(error) or connection.in_atomic_block:
            raise
        return _claim_one_by_one(values, order)


def _claim_one_by_one(values: dict[str, Any], order: str) -> list[Step]:
    """Claim due steps one by one.

    A row that cannot even be claimed is noted and rests; the others are claimed all the same.
    """
    due = Step.objects.raw(
        f"SELECT id FROM provisioning_step WHERE {DUE} AND {AWAKE} ORDER BY {order} LIMIT %(limit)s",
        values,
    )
    claimed: list[Step] = []
    for step in due:
        faults.one(step, lambda row: claimed.extend(_claim(ONE, values | {"id": row.pk}, order)), "claiming")
    return claimed


def claim_tickets(tickets: Sequence[Sequence[int]]) -> list[Step]:
    """Claim the steps of these (id, epoch) tickets; a stale ticket claims nothing.

    Nor does one for a dependency that is down or draining: there the sweep alone sets the pace. Nor one of a kind
    that this process does not know.
    """
    if not tickets:
        return []
    ids, epochs = zip(*tickets, strict=True)
    values = {"ids": list(ids), "epochs": list(epochs), "limit": len(ids), "kinds": list(known_kinds())}
    return _claim(TICKETED, values, OLDEST)


def _claim(which: str, values: dict[str, Any], order: str) -> list[Step]:
    values = values | {"lease": settings.SETUP_LEASE}
    statement = CLAIM.format(which=which, order=order, AWAKE=AWAKE)
    steps = list(Step.objects.raw(statement, values).prefetch_related("account"))
    return sorted(steps, key=lambda step: step.pk)


def give_back(steps: Sequence[Step]) -> None:
    """Give back the lease of steps that were not begun: due again, as if they had never been claimed."""
    _update_ours(GIVE_BACK, steps)


def renew(steps: Sequence[Step]) -> None:
    """Renew the lease of steps that are still under way."""
    _update_ours(RENEW, steps)


def _update_ours(statement: str, steps: Sequence[Step]) -> None:
    if steps:
        values: dict[str, Any] = {"ids": [step.pk for step in steps], "epochs": [step.epoch for step in steps]}
        with connection.cursor() as cursor:
            cursor.execute(statement, values | {"lease": settings.SETUP_LEASE})


def perform(step: Step) -> Result:
    """Perform a step, outside any transaction. Never raises: a poisoned step must not stop the others."""
    if step.kind not in known_kinds():  # of older or newer code: whoever knows it does it, and no try is spent
        return Result(step, 0, failure=StepFailed("nothing here knows this step", failure="bug"), too_late=True)
    with under_way(step):
        return attempt(step, lambda: find_kind(step.kind).perform(step))


def attempt(row: Any, do: Callable[[], str]) -> Result:
    """One timed try at something owed.

    When it is our own database that went away, the try has not begun.
    """
    started = time.monotonic()
    try:
        return Result(row, reference=do(), seconds=time.monotonic() - started)
    except StepFailed as refusal:
        return Result(row, time.monotonic() - started, failure=refusal)
    except BaseException as error:  # also SystemExit: a step's code is not ours to trust
        if is_passing(error):
            return Result(row, time.monotonic() - started, too_late=True)
        logger.exception("a step broke")
        failure = StepFailed(f"a fault in our own code ({type(error).__name__})", failure="bug")
        return Result(row, time.monotonic() - started, failure=failure)
