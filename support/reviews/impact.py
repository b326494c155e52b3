"""Impact of an outage: people, person-hours, broken promises, manual actions, people lost.

Counted from the audit log each time somebody looks.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.engine import circuit_breaker
from provisioning.models import Attempt, CanaryRound, Outage, State, Step
from support.business_hours import Schedule, working_minutes_between
from support.models import Lost, Promise
from support.service_level.unattended import REASON
from support.trust.apologies import FAILING
from support.trust.truth import TRUE_WHILE, Became, Shown, untrue

BUCKETS = (
    ("under 1 min", timedelta(minutes=1)),
    ("1–10 min", timedelta(minutes=10)),
    ("10–60 min", timedelta(hours=1)),
    ("1–4 hours", timedelta(hours=4)),
    ("4–24 hours", timedelta(days=1)),
    ("longer", timedelta.max),
)
NOT_YET = "not yet"
BEFORE = timedelta(minutes=30)  # an outage begins with the first person's failure; the canary may have met it sooner

STATUS = "status."
# Arrivals: (came, ready or None)
Arrival = tuple[datetime, datetime | None]
Wait = tuple[datetime, datetime]  # from, until


@dataclass(frozen=True)
class Toll:
    """Impact of one outage, or of several added up."""

    people: int = 0
    person_hours: float = 0
    untrue: int = 0
    promises_broken: int = 0
    hours_alone: float = 0  # of the outage, with nobody at work
    by_hand: int = 0  # acts a rule could have done
    by_rule: int = 0
    lost: int = 0


def people_of(outage: Outage) -> list[Account]:
    """Accounts touched by an outage, oldest first."""
    return list(touched_by(outage).order_by("created_at"))


def touched_by(outage: Outage) -> QuerySet[Account]:
    """Accounts touched by an outage: their set-up failed by it, or they came while it was down."""
    failed = Attempt.objects.filter(circuit_breaker.touched(outage), outcome__in=FAILING, step__occasion="")
    came = Q(account__created_at__gte=outage.began_at)
    if outage.ended_at:
        came &= Q(account__created_at__lte=outage.ended_at)
    waited = Step.objects.of_setup().filter(came, dependency=outage.dependency_id)
    either = Q(pk__in=failed.values("step__account")) | Q(pk__in=waited.values("account"))
    return Account.objects.filter(either, is_staff=False, canary=False)


def ready_at(account: Account) -> datetime | None:
    """Time at which an account became active; None: it is not."""
    return account.status_at if account.status == Status.ACTIVE else None


def arrivals(people: Iterable[Account]) -> list[Arrival]:
    """Arrivals of these accounts: when they came, and when they were ready."""
    return [(account.created_at, ready_at(account)) for account in people]


def toll_of(outages: Sequence[Outage], schedule: Schedule, now: datetime) -> Toll:
    """Impact of one outage, or of several together: nobody, and nobody's hour, is counted twice."""
    if not outages:
        return Toll()
    people, waits = _waits(outages, now)
    began, ended = min(one.began_at for one in outages), max(one.ended_at or now for one in outages)
    spans = merged((outage.began_at, outage.ended_at or now) for outage in outages)
    lines = Event.objects.filter(account__in=people, at__gte=began)
    waivers = lines.filter(kind__endswith=".waived", at__lte=ended + timedelta(days=1))
    worked = sum(working_minutes_between(begin, end, schedule) for begin, end in spans) / 60
    return Toll(
        people=len(people),
        person_hours=sum(_hours(merged(theirs)) for theirs in waits.values()),
        untrue=untrue_since(people, began),
        promises_broken=Promise.objects.filter(account__in=people, broken_at__gte=began).count(),
        hours_alone=_hours(spans) - worked,
        by_hand=lines.filter(voice=Voice.SUPPORT, kind__in=(EventKind.RECOVERED,)).count()
        + waivers.filter(actor__isnull=False).count(),
        by_rule=waivers.filter(actor=None, detail=REASON).count(),
        lost=Lost.objects.filter(outage__in=outages).count(),
    )


def _waits(outages: Iterable[Outage], now: datetime) -> tuple[set[UUID], dict[UUID, list[Wait]]]:
    """People whom these outages touched, and the time each waited for what was down."""
    people, waits = set(), defaultdict(list)
    for outage in outages:
        theirs = Step.objects.of_setup().filter(account=OuterRef("pk"), dependency=outage.dependency_id)
        made = Subquery(theirs.filter(state=State.DONE).order_by("-done_at").values("done_at")[:1])
        for account in touched_by(outage).annotate(made_at=made):
            until = account.made_at or ready_at(account) or now
            people.add(account.pk)
            if until > max(account.created_at, outage.began_at):
                waits[account.pk].append((max(account.created_at, outage.began_at), until))
    return people, waits


def merged(spans: Iterable[Wait]) -> list[Wait]:
    """Spans without overlap, in order, that cover the same time."""
    found: list[Wait] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _hours(spans: Iterable[Wait]) -> float:
    return sum((end - begin) / timedelta(hours=1) for begin, end in spans)


def untrue_since(people: Collection[UUID], since: datetime) -> int:
    """Number of sentences shown to these people since a time that were not true of their accounts then."""
    shown: dict[UUID, list[Shown]] = defaultdict(list)
    became: dict[UUID, list[Became]] = defaultdict(list)
    lines = Event.objects.filter(account__in=people).order_by("at", "pk")
    said = lines.filter(voice=Voice.THEY, shown__in=TRUE_WHILE, at__gte=since)
    for account, at, key in said.values_list("account", "at", "shown"):
        shown[account].append(Shown(at, key))
    for account, at, kind in lines.filter(kind__startswith=STATUS).values_list("account", "at", "kind"):
        became[account].append(Became(at, kind.removeprefix(STATUS)))
    return sum(len(untrue(sentences, became[account])) for account, sentences in shown.items())


def waiting_over_time(people: Iterable[Arrival], since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """Number of people waiting, from each moment at which that changed."""
    changes = {since: 0, until: 0}
    for came, ready in people:
        changes[max(came, since)] = changes.get(max(came, since), 0) + 1
        if ready and ready < until:
            changes[max(ready, since)] = changes.get(max(ready, since), 0) - 1
    number, points = 0, []
    for at in sorted(at for at in changes if at <= until):
        points.append((at, number))
        number += changes[at]
        points.append((at, number))
    return points


def time_to_arrival(people: Iterable[Arrival]) -> list[tuple[str, int]]:
    """Histogram of the time to arrival; those who have not arrived are a bar of their own."""
    counted = dict.fromkeys([label for label, _most in BUCKETS] + [NOT_YET], 0)
    for came, ready in people:
        counted[next(label for label, most in BUCKETS if ready - came < most) if ready else NOT_YET] += 1
    return list(counted.items())


def first_to_notice(outage: Outage, people: Sequence[Account]) -> tuple[str, datetime]:
    """First to notice an outage, and the moment: a person by name, the canary, or the machine.

    A person, if one wrote before the machine had seen enough failures to call it an outage.
    """
    failed = Attempt.objects.filter(circuit_breaker.touched(outage), outcome__in=FAILING).order_by("ended_at")
    ends = list(failed.values_list("ended_at", flat=True)[: circuit_breaker.FAILURES_TO_TRIP])
    ours = ends[-1] if ends else outage.began_at
    wrote = Event.objects.filter(account__in=people, kind=EventKind.WROTE, at__gte=outage.began_at, at__lt=ours)
    first = wrote.select_related("account").order_by("at").first()
    canary = noticed_by_canary(outage, until=first.at if first else ours)
    if canary:
        return _("the canary"), canary
    return (first.account.name, first.at) if first and first.account else ("", ours)


def noticed_by_canary(outage: Outage, until: datetime) -> datetime | None:
    """Time at which the canary noticed that the service of an outage was down, if it was by then."""
    rounds = CanaryRound.objects.filter(troubles__has_key=outage.dependency_id, at__lte=until)
    return rounds.filter(at__gte=outage.began_at - BEFORE).order_by("at").values_list("at", flat=True).first()
