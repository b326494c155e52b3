"""Reply promises (SLA): the time by which somebody is answered, kept as a row, then kept or broken.

If it will not hold, we say so first, with a new time.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from accounts.models import Account
from provisioning.engine import faults
from provisioning.intake.outbox import owe_letter
from provisioning.models import Outage, Step
from support.business_hours import EARLIEST, LATEST, Schedule
from support.models import Promise, Ticket, the_desk
from support.service_level.estimate import LAST, due_for, handling_minutes, must_widen, near_until, p80

BATCH = 200
BELIEVED = Q(made_at__range=(EARLIEST, LATEST), due__range=(EARLIEST, LATEST))  # one row is not to spoil all sums


def recent_outcomes() -> list[bool]:
    """Outcomes of the last 20 promises, newest first: True if it was kept in time."""
    over = Promise.objects.filter(Q(kept_at__isnull=False) | Q(broken_at__isnull=False)).filter(BELIEVED)
    rows = over.annotate(kept=Q(broken_at=None)).order_by("-due", "-pk")
    return list(rows.values_list("kept", flat=True)[:LAST])


def usual_handling(schedule: Schedule) -> float:
    """80th percentile of the agent's working minutes on an answer, from the last 51 promises kept."""
    rows = Promise.objects.filter(BELIEVED, kept_at__range=(EARLIEST, LATEST)).order_by("-kept_at")
    pairs = rows.values_list("made_at", "kept_at")[:51]
    return p80(handling_minutes(((made, kept) for made, kept in reversed(pairs) if kept), schedule))


def things_before(outage: Outage | None) -> int:
    """Number of things promised and unanswered; all the people of one outage are one thing."""
    waiting = Promise.objects.filter(kept_at=None, broken_at=None)
    single = waiting.filter(outage=None).count()
    grouped = waiting.exclude(outage=None).exclude(outage=outage) if outage else waiting.exclude(outage=None)
    return single + grouped.values("outage").distinct().count()


def outage_of(account: Account | None) -> Outage | None:
    """The open outage that this account waits for, if any."""
    if account is None:
        return None
    needs = Step.objects.owed().filter(account=account).exclude(error="").values("dependency")
    return Outage.objects.filter(ended_at=None, dependency__in=needs).order_by("began_at").first()


def expected(now: datetime, outage: Outage | None = None) -> datetime | None:
    """Time by which somebody who writes now is answered; None: no date is known."""
    schedule = the_desk().schedule()
    return due_for(now, things_before(outage), usual_handling(schedule), schedule, must_widen(recent_outcomes()))


def promise_for(ticket: Ticket, said_in: str, now: datetime) -> Promise | None:
    """The open promise of this ticket, made if there is none. None: no date is known, so none may be named."""
    outage = outage_of(ticket.account)
    held = Promise.objects.filter(ticket=ticket, kept_at=None).order_by("-pk").first()
    if held or (due := expected(now, outage)) is None:
        return held
    return _make(ticket, outage=outage, said_in=said_in, made_at=now, due=due)


def _make(ticket: Ticket, **facts) -> Promise:
    try:
        with transaction.atomic():
            return Promise.objects.create(ticket=ticket, account=ticket.account, email=ticket.email, **facts)
    except IntegrityError:  # another sweep was first
        return Promise.objects.get(ticket=ticket, kept_at=None, broken_at=None)


def forward_until(now: datetime, dues: Iterable[datetime]) -> datetime:
    """Time up to which promises come forward in the queue now."""
    schedule = the_desk().schedule()
    return near_until(now, dues, usual_handling(schedule), schedule)


def look_after(now: datetime) -> None:
    """Periodic job: settle promises as kept, or as broken."""
    keep_answered()
    break_overdue(now)


def keep_answered() -> None:
    """Settle promises of closed tickets.

    A ticket that is closed was answered, whoever or whatever closed it.
    """
    answered = Promise.objects.filter(kept_at=None, ticket__closed_at__isnull=False).select_related("ticket")
    faults.batch(answered, _keep, "keeping this promise", BATCH)


def _keep(promise: Promise) -> None:
    closed = promise.ticket.closed_at if promise.ticket else None
    late = closed if closed and closed > promise.due else None
    Promise.objects.filter(pk=promise.pk).update(kept_at=closed, broken_at=promise.broken_at or late)


def break_overdue(now: datetime) -> None:
    """Mark overdue promises as broken, and announce the delay before anybody has to ask."""
    overdue = Promise.objects.filter(kept_at=None, broken_at=None, due__lt=now).order_by("due")
    faults.batch(overdue, partial(_break, now), "saying first that this promise is late", BATCH)


def _break(now: datetime, promise: Promise) -> None:
    if Promise.objects.filter(pk=promise.pk, kept_at=None, broken_at=None).update(broken_at=now):
        _say_so_first(promise, now)


def _say_so_first(promise: Promise, now: datetime) -> None:
    """Announce a delay by one honest letter with the new time, before they have to ask.

    A second delay is a person's to explain.
    """
    if promise.instead_of_id or promise.ticket is None:
        return
    schedule = the_desk().schedule()
    due = due_for(now, 0, usual_handling(schedule), schedule, must_widen(recent_outcomes()))
    if due is None:
        return
    _make(promise.ticket, outage=promise.outage, said_in="letter.late", made_at=now, due=due, instead_of=promise)
    if promise.account_id:
        owe_letter(promise.account_id, "letter.late", f"promise {promise.pk}")
        Promise.objects.filter(pk=promise.pk).update(told_at=now)


def broken_for(account: Account) -> int:
    """Number of promises to this person that were broken, each counted once."""
    return Promise.objects.filter(account=account, broken_at__isnull=False, due__lt=F("broken_at")).count()
