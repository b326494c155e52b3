"""Circuit breaker: one for each dependency, kept in a row that all processes share.

Closed: everybody may go. Open (`broken`): nobody's try is spent; one probe goes at a time, and it is somebody
who never failed where there is one. After a good probe the crowd drains at a rate that grows while all goes well
and halves on a failure: without the ramp, a service that just got up is knocked over again by those who waited.
What opens it is decided in engine/attribution.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from accounts.database import clock
from provisioning.engine import attribution
from provisioning.engine.attribution import DOWN, REFUSED, Evidence, Report
from provisioning.models import OWED, Dependency, Outage, State, Step

FAILURES_TO_TRIP = attribution.PEOPLE
PROBE_EVERY = timedelta(seconds=10)
PROBE_LIMIT = timedelta(seconds=30)  # one that says nothing for so long is followed by another
RAMP_START = 10.0  # steps a second
RAMP_GROWTH = 1.5  # each clean second
RAMP_TOP = 1000.0  # from here on no limit
NOTED_EVERY = timedelta(seconds=1)  # how exactly it is known when it last worked


def allowance(name: str, want: int) -> int:
    """Number of steps that may be claimed for this dependency now, at most `want`; a probe takes 1."""
    dependency, _made = Dependency.objects.get_or_create(name=name)
    if dependency.broken:
        return min(want, 1) if _take_the_probe(name) else 0
    return want if dependency.rate is None else _take_tokens(name, want)


def is_broken(name: str) -> bool:
    """True while the breaker of this dependency is open."""
    return Dependency.objects.filter(name=name, broken=True).exists()


def _take_the_probe(name: str) -> bool:
    due = Q(probe_at=None) | clock.due("probe_at", PROBE_LIMIT)
    return Dependency.objects.filter(due, name=name, broken=True).update(probe_at=Now() + PROBE_LIMIT) == 1


def leave_the_probe(name: str) -> None:
    """Give an unused probe back: there was nobody to probe with, and whoever comes next may at once."""
    Dependency.objects.filter(name=name, broken=True).update(probe_at=Now())


def _take_tokens(name: str, want: int) -> int:
    with transaction.atomic():
        rows = Dependency.objects.select_for_update().annotate(now=Now())
        dependency = rows.get(name=name)
        if dependency.rate is None:
            return want
        elapsed = (dependency.now - (dependency.refilled_at or dependency.now)).total_seconds()
        rate, tokens = refill(dependency.rate, dependency.tokens, max(0.0, elapsed))
        granted = min(want, int(tokens))
        dependency.rate, dependency.tokens = rate, tokens - granted
        dependency.refilled_at = dependency.now
        dependency.save(update_fields=["rate", "tokens", "refilled_at"])
    return granted


def refill(rate: float, tokens: float, elapsed: float) -> tuple[float | None, float]:
    """Token bucket after `elapsed` clean seconds: the rate (steps a second, None: no limit any more) and the tokens.

    At most one second's worth is ever saved up.
    """
    grown = rate * RAMP_GROWTH ** min(elapsed, 1.0)
    return (None if grown >= RAMP_TOP else grown), min(tokens + rate * elapsed, rate)


def record(name: str, reports: Sequence[Report], now: datetime) -> Evidence:
    """Update the breaker by these reports, in the transaction that settles them. Returns the evidence before.

    A healthy crowd must not queue for the row: it is locked only by who has news, and that it still works is
    noted once a second by whoever finds it free.
    """
    dependency, _made = Dependency.objects.get_or_create(name=name)
    if is_old_news(dependency, reports, now):
        return evidence_of(dependency)
    if not dependency.broken and not dependency.failures and all(r.worked and not r.again for r in reports):
        _note_that_it_works(name, now)
        return evidence_of(dependency)
    dependency = Dependency.objects.select_for_update().get(name=name)
    before = evidence_of(dependency)
    if dependency.broken:
        _hear_the_probe(dependency, reports, now)
    else:
        _learn(dependency, reports, now)
    return before


def is_old_news(dependency: Dependency, reports: Sequence[Report], now: datetime) -> bool:
    """True if the reports change nothing.

    It works, and it is known that it did a moment ago; or it is down, and this is one more who saw that.
    """
    if dependency.broken:
        probing = dependency.probe_at and dependency.probe_at > now + PROBE_EVERY
        return not probing and not any(_is_an_answer(dependency, report) for report in reports)
    works = not dependency.failures and all(report.worked and not report.again for report in reports)
    fresh = dependency.last_ok_at and timedelta(0) <= now - dependency.last_ok_at < NOTED_EVERY
    return bool(works and fresh)


def _note_that_it_works(name: str, now: datetime) -> None:
    free = Dependency.objects.select_for_update(skip_locked=True).filter(name=name, failures=0, broken=False)
    if free.values_list("pk", flat=True).first():
        Dependency.objects.filter(name=name).update(last_ok_at=now)


def _is_an_answer(dependency: Dependency, report: Report) -> bool:
    """True if a report shows that a dependency which was down works again.

    One that was away and now refuses somebody works, too; one that refuses us does not.
    """
    return report.worked or (report.refused and dependency.evidence.get("how") == DOWN)


def _hear_the_probe(dependency: Dependency, reports: Sequence[Report], now: datetime) -> None:
    if any(_is_an_answer(dependency, report) for report in reports):
        _close(dependency, reports, now)
    else:
        dependency.probe_at = now + PROBE_EVERY
        dependency.error = reports[-1].error
        dependency.save(update_fields=["probe_at", "error"])


def _learn(dependency: Dependency, reports: Sequence[Report], now: datetime) -> None:
    evidence = evidence_of(dependency)
    failed = [report for report in reports if not report.worked]
    if failed:
        dependency.error = failed[-1].error
    if dependency.rate is not None and not all(attribution.is_theirs(report, evidence, now) for report in failed):
        dependency.rate = max(RAMP_START / 10, dependency.rate / 2)
    attribution.learn(evidence, reports, now)
    _keep(dependency, evidence)
    if how := attribution.verdict(evidence, now):
        _trip(dependency, how, failed[-1] if failed else reports[-1], now)
    dependency.save()


def _trip(dependency: Dependency, how: str, last: Report, now: datetime) -> None:
    Outage.objects.create(
        dependency=dependency,
        failure="refuses us" if how == REFUSED else last.failure[:40],
        error=last.error,
        began_at=dependency.failing_since or now,
    )
    dependency.broken, dependency.rate = True, None
    dependency.evidence["how"] = how
    dependency.probe_at = now + PROBE_EVERY


def _close(dependency: Dependency, reports: Sequence[Report], now: datetime) -> None:
    Outage.objects.filter(dependency=dependency, ended_at=None).update(ended_at=Now())
    evidence = evidence_of(dependency)
    attribution.learn(evidence, [report for report in reports if report.worked], now)
    evidence.row, evidence.since, evidence.last_ok_at, evidence.closed_at = {}, None, now, now
    _keep(dependency, evidence)
    dependency.broken, dependency.probe_at = False, None
    dependency.rate, dependency.tokens, dependency.refilled_at = RAMP_START, RAMP_START, Now()
    dependency.save()


def evidence_of(dependency: Dependency) -> Evidence:
    """Evidence about a dependency, read from its row."""
    kept: dict[str, Any] = dependency.evidence
    suspects = {group: at for group, text in kept.get("suspects", {}).items() if (at := parse_datetime(text))}
    recovered = [at for text in kept.get("recovered", []) if (at := parse_datetime(text))]
    since = dependency.failing_since
    closed_at = parse_datetime(kept.get("closed_at", ""))
    return Evidence(dependency.last_ok_at, since, kept.get("row", {}), suspects, recovered, closed_at)


def _keep(dependency: Dependency, evidence: Evidence) -> None:
    dependency.evidence = {
        "row": evidence.row,
        "suspects": {group: at.isoformat() for group, at in evidence.suspects.items()},
        "recovered": [at.isoformat() for at in evidence.recovered],
        "closed_at": evidence.closed_at.isoformat() if evidence.closed_at else "",
    }
    dependency.failures = sum(seen["times"] for seen in evidence.row.values())
    dependency.failing_since, dependency.last_ok_at = evidence.since, evidence.last_ok_at


def affected_steps(outage: Outage) -> QuerySet[Step]:
    """The steps whose tries were spent on this outage before it was known as one.

    Not of those who kept failing while others went through; those refused only if it is we who are refused.
    """
    refused = Q() if outage.failure == "refuses us" else Q(permanent=False)
    spent = Step.objects.filter(
        refused, dependency=outage.dependency_id, failed_at__gte=outage.began_at, attempts__gt=0, leased=False
    )
    return spent.filter(state__in=(*OWED, State.DEAD), theirs__lte=1).exclude(bounced())


def bounced() -> Q:
    """Filter for letters that were handed over and came back: no outage's doing."""
    return ~Q(reference="") & Q(state=State.DEAD)


def broken_now() -> dict[str, Dependency]:
    """The dependencies that are down for everybody, by name."""
    return {row.name: row for row in Dependency.objects.filter(broken=True)}


def touched(outage: Outage) -> Q:
    """Filter on attempts for those at steps that an outage touched."""
    until = Q(ended_at__lte=outage.ended_at) if outage.ended_at else Q()
    return Q(step__dependency=outage.dependency_id, ended_at__gte=outage.began_at) & until
