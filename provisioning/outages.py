"""One breaker for each dependency, kept in a row that all processes share.

Closed: everybody may go. Open (`broken`): nobody's try is spent; one probe goes every PROBE_EVERY, whoever
takes it first. After a good probe the crowd drains at a rate that grows while all goes well and halves on a
failure: without the ramp, a service that just got up is knocked over again by those who waited for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from provisioning.models import OWED, Dependency, Outage, State, Step

FAILURES_TO_TRIP = 3
PROBE_EVERY = timedelta(seconds=10)
RAMP_START = 10.0  # steps a second
RAMP_GROWTH = 1.5  # each clean second
RAMP_TOP = 1000.0  # from here on no limit


@dataclass(frozen=True)
class Report:
    """What one try says about a dependency: it worked, or it failed as it would have for anybody."""

    account_id: UUID
    worked: bool
    failure: str = ""
    error: str = ""


def allowance(name: str, want: int) -> int:
    """How many steps may be claimed for this dependency now, at most `want`."""
    dependency, _made = Dependency.objects.get_or_create(name=name)
    if dependency.broken:
        return min(want, 1) if _take_the_probe(name) else 0
    return want if dependency.rate is None else _take_tokens(name, want)


def _take_the_probe(name: str) -> bool:
    free = Dependency.objects.filter(name=name, broken=True, probe_at__lte=Now())
    return free.update(probe_at=Now() + PROBE_EVERY) == 1


def _take_tokens(name: str, want: int) -> int:
    with transaction.atomic():
        rows = Dependency.objects.select_for_update().annotate(now=Now())
        dependency = rows.get(name=name)
        if dependency.rate is None:
            return want
        elapsed = (dependency.now - (dependency.refilled_at or dependency.now)).total_seconds()
        rate, tokens = refill(dependency.rate, dependency.tokens, elapsed)
        granted = min(want, int(tokens))
        dependency.rate, dependency.tokens = rate, tokens - granted
        dependency.refilled_at = dependency.now
        dependency.save(update_fields=["rate", "tokens", "refilled_at"])
    return granted


def refill(rate: float, tokens: float, elapsed: float) -> tuple[float | None, float]:
    """The rate (steps a second, None once it needs no limit) and the tokens after `elapsed` clean seconds.

    At most one second's worth is ever saved up.
    """
    grown = rate * RAMP_GROWTH ** min(elapsed, 1.0)
    return (None if grown >= RAMP_TOP else grown), min(tokens + rate * elapsed, rate)


def record(name: str, reports: Sequence[Report], now: datetime) -> None:
    """Count what the tries said, in the transaction that settles them. Touches the row only on a change."""
    dependency, _made = Dependency.objects.get_or_create(name=name)
    if _says_nothing_new(dependency, reports):
        return
    dependency = Dependency.objects.select_for_update().get(name=name)
    if dependency.broken:
        if any(report.worked for report in reports):
            _close(dependency)
        return
    _count(dependency, reports, now)
    if dependency.several and dependency.failures >= FAILURES_TO_TRIP:
        _trip(dependency, reports[-1])
    dependency.save()


def _says_nothing_new(dependency: Dependency, reports: Iterable[Report]) -> bool:
    if dependency.broken:
        return not any(report.worked for report in reports)
    return not dependency.failures and all(report.worked for report in reports)


def _count(dependency: Dependency, reports: Iterable[Report], now: datetime) -> None:
    for report in reports:
        if report.worked:
            dependency.failures, dependency.several = 0, False
            dependency.failing = dependency.failing_since = None
            continue
        dependency.failures += 1
        dependency.failing_since = dependency.failing_since or now
        dependency.failing = dependency.failing or report.account_id
        dependency.several = dependency.several or dependency.failing != report.account_id
        dependency.error = report.error
        if dependency.rate is not None:
            dependency.rate = max(RAMP_START / 10, dependency.rate / 2)


def _trip(dependency: Dependency, last: Report) -> None:
    Outage.objects.create(
        dependency=dependency, failure=last.failure, error=last.error, began_at=dependency.failing_since or Now()
    )
    dependency.broken, dependency.rate = True, None
    dependency.probe_at = Now() + PROBE_EVERY


def struck(outage: Outage) -> QuerySet[Step]:
    """The steps whose tries were spent on this outage before it was known as one."""
    return Step.objects.filter(
        dependency=outage.dependency_id, failed_at__gte=outage.began_at, permanent=False, attempts__gt=0, leased=False
    ).filter(state__in=(*OWED, State.DEAD))


def _close(dependency: Dependency) -> None:
    Outage.objects.filter(dependency=dependency, ended_at=None).update(ended_at=Now())
    dependency.broken, dependency.probe_at = False, None
    dependency.failures, dependency.several = 0, False
    dependency.failing = dependency.failing_since = None
    dependency.rate, dependency.tokens, dependency.refilled_at = RAMP_START, RAMP_START, Now()
    dependency.last_ok_at = Now()
    dependency.save()


def broken_now() -> dict[str, Dependency]:
    """The dependencies that are down for everybody, by name."""
    return {row.name: row for row in Dependency.objects.filter(broken=True)}


def touched(outage: Outage) -> Q:
    """The steps an outage touched, as a filter on attempts."""
    until = Q(ended_at__lte=outage.ended_at) if outage.ended_at else Q()
    return Q(step__dependency=outage.dependency_id, ended_at__gte=outage.began_at) & until
