"""Sources of work for the engine: the steps of accounts, and other packages' outboxes (settings.OUTBOXES).

A source says what is due, carries one out, and settles; the engine knows nothing of what it is.
"""

from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any, Protocol

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from accounts.database.existence import which_exist
from provisioning.engine import claim, faults, settle
from provisioning.engine.claim import Result
from provisioning.kinds import kinds_needing
from provisioning.models import Step
from provisioning.unknown_kinds import payable


class Source(Protocol):
    """Protocol of a source of work: names what is due, claims, performs and settles it."""

    def dependencies(self) -> Iterable[str]:
        """Names of the dependencies it may need."""

    def any_due(self) -> bool:
        """True if it is worth waking the engine."""

    def claim(self, dependency: str, limit: int, probe: bool) -> Sequence[Any]:
        """Claim up to `limit` due rows for ourselves, with a lease."""

    def perform(self, row: Any) -> Result:
        """Perform a row, outside any transaction. Never raises."""

    def settle(self, results: Sequence[Result]) -> None:
        """Settle results in one transaction, and report them to the breaker."""

    def set_aside(self, result: Result, error: Exception) -> None:
        """Note a result that could not be settled even alone, and let it rest."""

    def give_back(self, rows: Sequence[Any]) -> None:
        """Give back rows that were claimed and never begun."""

    def renew(self, rows: Sequence[Any]) -> None:
        """Renew the lease of rows that are still under way."""


class Steps:
    """Source of the set-up steps, and of the letters that are steps."""

    def dependencies(self) -> Iterable[str]:
        return kinds_needing()

    def any_due(self) -> bool:
        return any(which_exist(_due)) and payable().filter(due_at__lte=Now()).exists()

    def claim(self, dependency: str, limit: int, probe: bool) -> Sequence[Any]:
        return claim.claim_due(dependency, kinds_needing()[dependency], limit, probe)

    def perform(self, row: Any) -> Result:
        return claim.perform(row)

    def settle(self, results: Sequence[Result]) -> None:
        settle.settle(results)

    def set_aside(self, result: Result, error: Exception) -> None:
        settle.set_aside(result, error)

    def give_back(self, rows: Sequence[Any]) -> None:
        claim.give_back(rows)

    def renew(self, rows: Sequence[Any]) -> None:
        claim.renew(rows)


class Leased:
    """Part of a source whose rows are few: their leases are given back and renewed one by one."""

    def ours(self, row: Any) -> QuerySet[Any]:
        """The row, unless somebody else has claimed it since: the fence."""
        raise NotImplementedError

    def give_back(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self.ours(row).update(due_at=Now(), attempts=F("attempts") - 1)

    def renew(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self.ours(row).update(due_at=Now() + settings.SETUP_LEASE)


def _due() -> QuerySet[Step]:
    return Step.objects.owed().filter(due_at__lte=Now())


STEPS = Steps()


@cache
def sources() -> tuple[Source, ...]:
    """All sources of work: the steps, and those of settings.OUTBOXES."""
    return (STEPS, *(import_string(path) for path in settings.OUTBOXES))


def settle_each_by_itself(source: Source, results: Sequence[Result]) -> None:
    """Settle one by one a batch that could not be settled as a whole.

    Whoever breaks it breaks only its own turn.
    """
    for result in results:
        faults.attempt(partial(source.settle, [result]), partial(source.set_aside, result))
