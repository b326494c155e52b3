"""Errands as a source of the engine (engine/sources.py): claimed, performed and settled as steps are.

Of one account and dependency they go in the order in which they were owed: a later one is not claimed before an
earlier one is done or given up. While a service asks everybody to wait, none of its errands is claimed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.database.clock import database_now
from accounts.database.existence import which_exist
from provisioning.engine import circuit_breaker, faults, retry
from provisioning.engine.claim import Result, attempt
from provisioning.engine.log_context import under_way
from provisioning.engine.settle import report_of, retry_rule, was_asked
from provisioning.engine.sources import Leased
from provisioning.errands.kinds import errand_kinds, kinds_by_dependency
from provisioning.exceptions import Held, HeldForAll, StepFailed
from provisioning.models import Errand, State
from provisioning.sanitize import storable

RUNNING = "running this errand"
FURTHEST = timedelta(days=1, hours=1)  # one that is due later than this was written by a wrong clock
DUE = "state = 'open' AND (due_at <= now() OR due_at > now() + %(furthest)s)"
CLAIM = f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM provisioning_errand AS one
        WHERE {DUE} AND dependency = %(dependency)s AND kind = ANY(%(kinds)s)
        AND NOT EXISTS (
            SELECT FROM provisioning_errand AS earlier
            WHERE earlier.account = one.account AND earlier.dependency = one.dependency
            AND earlier.state = 'open' AND earlier.id < one.id
        )
        AND NOT EXISTS (
            SELECT FROM provisioning_errand AS held
            WHERE held.dependency = %(dependency)s AND held.state = 'open' AND held.held
            AND held.due_at > now() AND held.due_at < now() + %(furthest)s
        )
        AND NOT EXISTS (
            SELECT FROM provisioning_fault AS fault
            WHERE fault."table" = 'provisioning.Errand' AND fault."row" = one.id::text
            AND fault.next_at > now() AND fault.next_at < now() + interval '1 day'
        )
        ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    UPDATE provisioning_errand AS errand
    SET epoch = epoch + 1, attempts = attempts + 1, due_at = now() + %(lease)s, held = false
    FROM due WHERE errand.id = due.id
    RETURNING errand.*
"""


class Errands(Leased):
    """Source of the errands. The epoch is the fence: a failure of an earlier claim says nothing."""

    def dependencies(self) -> Iterable[str]:
        return kinds_by_dependency()

    def any_due(self) -> bool:
        return any(which_exist(_due))

    def claim(self, dependency: str, limit: int, _probe: bool) -> list[Errand]:
        values = {
            "dependency": dependency,
            "kinds": kinds_by_dependency()[dependency],
            "limit": limit,
            "lease": settings.SETUP_LEASE,
            "furthest": max(FURTHEST, timedelta(seconds=2 * max(settings.SETUP_RETRY_SECONDS))),
        }
        return sorted(Errand.objects.raw(CLAIM, values), key=lambda errand: errand.pk)

    def perform(self, errand: Errand) -> Result:
        with under_way(errand):
            return attempt(errand, lambda: errand_kinds()[errand.kind].perform(errand))

    def settle(self, results: Sequence[Result]) -> None:
        if not results:
            return
        with transaction.atomic():
            rows = {row.pk: row for row in _locked(results)}
            known = [result for result in results if result.step.pk in rows]
            now = database_now()
            down = _report(known, now)
            for result in known:
                _settle(rows[result.step.pk], result, now, down)

    def ours(self, errand: Errand) -> QuerySet[Errand]:
        return Errand.objects.filter(pk=errand.pk, epoch=errand.epoch, state=State.OPEN)

    def set_aside(self, result: Result, error: Exception) -> None:
        """Note a result that could not be saved; what was done is not to be done again."""
        faults.note(result.step, RUNNING, error)
        if result.failure is None:
            faults.attempt(
                lambda: self.ours(result.step).update(state=State.DONE, done_at=Now()), lambda _error: None
            )


ERRANDS = Errands()


def _due() -> QuerySet[Errand]:
    return Errand.objects.filter(state=State.OPEN, due_at__lte=Now())


def _locked(results: Sequence[Result]) -> QuerySet[Errand]:
    pks = [result.step.pk for result in results]
    return Errand.objects.select_for_update().filter(pk__in=pks, state=State.OPEN).order_by("pk")


def _report(results: Sequence[Result], now: datetime) -> set[str]:
    """Tell each dependency how its errands went. Returns those that are down for everybody."""
    told: dict[str, list[Any]] = defaultdict(list)
    for result in results:
        if was_asked(result):
            errand: Errand = result.step
            again = errand.attempts > 1 and bool(errand.error)
            known = {"since": errand.created_at, "failed_at": errand.failed_at}
            told[errand.dependency].append(report_of(result, str(errand.account), (), again=again, **known))
    for name in {result.step.dependency for result in results} - told.keys():
        circuit_breaker.leave_the_probe(name)
    for name in sorted(told):
        circuit_breaker.record(name, told[name], now)
    return {name for name in told if circuit_breaker.is_broken(name)}


def _settle(errand: Errand, result: Result, now: datetime, down: set[str]) -> None:
    row = Errand.objects.filter(pk=errand.pk)
    if result.failure is None:
        row.update(state=State.DONE, done_at=now, error="", reference=storable(result.reference, 200))
    elif errand.epoch == result.step.epoch:
        row.update(**_after(errand, result.failure, now, errand.dependency in down))


def _after(errand: Errand, failure: StepFailed, now: datetime, down: bool) -> dict[str, Any]:
    """The columns of an errand after a failure; given up, it is dead, and a person is asked."""
    after = retry.after_failure(errand.attempts, failure, now, down=down, **retry_rule())
    changed = {"error": failure.reason, "attempts": after.attempts, "due_at": after.due or now}
    if not isinstance(failure, Held):
        changed["failed_at"] = now
    if isinstance(failure, HeldForAll):
        changed["held"] = True
    return changed if after.due else changed | {"state": State.DEAD}


def retry_given_up(**which: str) -> int:
    """Owe again, with fresh tries, each of these errands that was given up. Returns how many."""
    return Errand.objects.filter(**which, state=State.DEAD).update(state=State.OPEN, attempts=0, due_at=Now())


def kept_back() -> QuerySet[Errand]:
    """Errands whose service asked everybody to wait; the newest word of it first."""
    return Errand.objects.filter(state=State.OPEN, held=True).order_by("-due_at")
