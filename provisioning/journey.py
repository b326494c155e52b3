"""The one road: pick up, claim, perform (and settle.py). Login, sweep, desk and contact only make work due.

Nothing here holds a transaction across a call to somebody else's server.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from provisioning.failures import StepFailed
from provisioning.models import Step
from provisioning.steps import find_kind, known_kinds

logger = logging.getLogger(__name__)

CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id FROM provisioning_step WHERE {which}
        ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    UPDATE provisioning_step AS step
    SET epoch = epoch + 1, attempts = attempts + 1, due_at = now() + %(lease)s, leased = true
    FROM due WHERE step.id = due.id
    RETURNING step.*
"""
DUE = "dependency = %(dependency)s AND kind = ANY(%(kinds)s) AND state IN ('open', 'waived') AND due_at <= now()"
TICKETED = """
    state IN ('open', 'waived')
    AND (id, epoch) IN (SELECT * FROM unnest(%(ids)s::bigint[], %(epochs)s::int[]))
    AND dependency NOT IN (SELECT name FROM provisioning_dependency WHERE broken OR rate IS NOT NULL)
"""


GIVE_BACK = """
    UPDATE provisioning_step AS step
    SET epoch = step.epoch - 1, attempts = greatest(attempts - 1, 0), due_at = now(), leased = false
    FROM unnest(%(ids)s::bigint[], %(epochs)s::int[]) AS ours (id, epoch)
    WHERE step.id = ours.id AND step.epoch = ours.epoch AND leased
"""


@dataclass(frozen=True)
class Result:
    """What became of one try. `failure` is None when it worked; `too_late`: it was claimed and never begun."""

    step: Step
    seconds: float
    reference: str = ""
    failure: StepFailed | None = None
    too_late: bool = False


def claim_due(dependency: str, kinds: Sequence[str], limit: int) -> list[Step]:
    """Take up to `limit` due steps for ourselves, oldest first, in one statement."""
    return _claim(DUE, {"dependency": dependency, "kinds": list(kinds), "limit": limit})


def claim_tickets(tickets: Iterable[Sequence[int]]) -> list[Step]:
    """Take the steps of these (id, epoch) tickets; a stale ticket takes nothing.

    Nor does one for a dependency that is down or draining: there the sweep alone sets the pace.
    """
    ids, epochs = zip(*tickets, strict=True)
    return _claim(TICKETED, {"ids": list(ids), "epochs": list(epochs), "limit": len(ids)})


def _claim(which: str, values: dict) -> list[Step]:
    values["lease"] = settings.SETUP_LEASE
    steps = list(Step.objects.raw(CLAIM.format(which=which), values).prefetch_related("account"))
    return sorted(steps, key=lambda step: step.pk)


def give_back(steps: Sequence[Step]) -> None:
    """Those that were claimed and not begun are due again, as if they had never been claimed."""
    if steps:
        values = {"ids": [step.pk for step in steps], "epochs": [step.epoch for step in steps]}
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, values)


def perform(step: Step) -> Result:
    """Do it, outside any transaction. Never raises: a poisoned step must not stop the others."""
    started = time.monotonic()
    if step.kind not in known_kinds():  # of older or newer code: whoever knows it does it, and no try is spent
        return Result(step, 0, failure=StepFailed("nothing here knows this step", failure="bug"), too_late=True)
    try:
        reference = find_kind(step.kind).perform(step)
        return Result(step, time.monotonic() - started, reference=reference)
    except StepFailed as refusal:
        return Result(step, time.monotonic() - started, failure=refusal)
    except Exception as error:  # the one broad except of the house: a step's code is not ours to trust
        logger.exception("step %s of account %s broke", step.kind, step.account_id)
        failure = StepFailed(f"a fault in our own code ({type(error).__name__})", failure="bug")
        return Result(step, time.monotonic() - started, failure=failure)
