"""Daily digests: to the agent in the morning and the evening, to the owner and the backup when needed.

Made once (a row for each kind and day), sent by the sweep, never from a request; none to the agent at night.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from itertools import takewhile

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from django.template.loader import render_to_string

from accounts.database.clock import due
from accounts.models import Account
from accounts.status import Status
from provisioning.engine import circuit_breaker, faults
from provisioning.engine.phases import Phase, run_phases
from provisioning.humanize import say_span, say_when
from provisioning.kinds import MAIL
from support.business_hours import DAY, Schedule, Span, is_open, next_open, open_spans
from support.digests import week
from support.digests.activity import happened, needs_her
from support.digests.workload import load_now, too_much
from support.models import DayLetter, Desk, Ticket, the_desk
from support.tickets import outbox

Kind = DayLetter.Kind
LATE = timedelta(hours=1)  # an evening letter that could not be written or sent by then is left unsent
GOOD_FOR: dict[str, timedelta] = {
    Kind.MORNING: timedelta(hours=4),
    Kind.EVENING: LATE,
    Kind.OWNER: timedelta(days=2),
    Kind.BACKUP: timedelta(days=1),
    Kind.WEEK: timedelta(days=2),
}
AGAIN = timedelta(minutes=2)
LEASE = timedelta(minutes=1)
LONGEST_LIMIT = 366 * 24 * 60  # minutes


def which(now: datetime, schedule: Schedule) -> tuple[Kind, date] | None:
    """The agent's digest that belongs to this moment, and its day: that on which the hours began."""
    near = takewhile(lambda span: span[0] <= now + DAY, open_spans(schedule, now - 2 * DAY))
    begun, to_come = partition(near, now)
    if not begun:
        return None
    day = _day(begun[-1][0], schedule)
    if now < begun[-1][1]:
        return Kind.MORNING, day
    last = not to_come or _day(to_come[0][0], schedule) > day
    return (Kind.EVENING, day) if last and now - begun[-1][1] <= LATE else None


def partition(spans: Iterable[Span], now: datetime) -> tuple[list[Span], list[Span]]:
    """Spans that have begun, and those to come."""
    found = list(spans)
    return [span for span in found if span[0] <= now], [span for span in found if span[0] > now]


def _day(moment: datetime, schedule: Schedule) -> date:
    return moment.astimezone(schedule.zone).date()


def make(now: datetime) -> None:
    """Periodic job: write the digests that are due, each of them by itself."""
    desk = the_desk()
    schedule = desk.schedule()
    run_phases(
        [
            Phase("writing her letter of the day", lambda: _write_to_her(desk, schedule, now)),
            Phase("telling the owner what is too much", lambda: _tell_owner(desk, schedule, now)),
            Phase("telling the owner what waits", lambda: _write_the_week(desk, now)),
            Phase("telling the backup who is blocked", lambda: _tell_backup(desk, schedule, now)),
        ]
    )


def _write_to_her(desk: Desk, schedule: Schedule, now: datetime) -> None:
    anybody = Account.objects.filter(is_staff=False, canary=False).exists()  # else the platform has not begun
    if anybody and (found := which(now, schedule)) and not _made(*found):
        last = DayLetter.objects.filter(kind__in=(Kind.MORNING, Kind.EVENING)).order_by("-made_at").first()
        since = last.made_at if last else now - timedelta(days=1)
        _keep(*found, desk.address, {"from": since.isoformat()}, now)


def _tell_owner(desk: Desk, schedule: Schedule, now: datetime) -> None:
    today = _day(now, schedule)
    if not _made(Kind.OWNER, today) and (reasons := too_much(load_now(desk, now), today)):
        _keep(Kind.OWNER, today, settings.OWNER_EMAIL, {"desk": desk.name, "reasons": reasons}, now)


def _write_the_week(desk: Desk, now: datetime) -> None:
    monday = week.monday_of(now, desk)
    if monday and not _made(Kind.WEEK, monday):
        _keep(Kind.WEEK, monday, settings.OWNER_EMAIL, {}, now)


def _made(kind: Kind, day: date) -> bool:
    return DayLetter.objects.filter(kind=kind, day=day).exists()


def _keep(kind: Kind, day: date, to: str, facts: dict, now: datetime) -> None:
    row = DayLetter(kind=kind, day=day, to=to, facts=facts, made_at=now, due_at=now)
    DayLetter.objects.bulk_create([row], ignore_conflicts=True)


def _facts_now(letter: DayLetter, desk: Desk, now: datetime) -> dict:
    """Facts of a digest when it is sent: what it says must be true when it is read, not when it was due."""
    if letter.kind == Kind.BACKUP:
        return _blocked_facts(desk, now)
    if letter.kind == Kind.OWNER:
        return letter.facts
    if letter.kind == Kind.WEEK:
        return week.facts_now(desk, now)
    since = datetime.fromisoformat(letter.facts.get("from") or (now - timedelta(days=1)).isoformat())
    needs, down = needs_her(now, desk), sorted(circuit_breaker.broken_now())
    return {
        "desk": desk.name,
        "since": say_when(since, now, desk.zone),
        "happened": happened(since, now, desk),
        "needs": needs,
        "down": " and ".join(down),
        "may_stop": not needs and not down,
    }


def _tell_backup(desk: Desk, schedule: Schedule, now: datetime) -> None:
    today = _day(now, schedule)
    if not desk.backup_email or is_open(now, schedule) or _made(Kind.BACKUP, today):
        return
    if _blocked_facts(desk, now)["blocked"]:
        _keep(Kind.BACKUP, today, desk.backup_email, {}, now)


def _blocked_facts(desk: Desk, now: datetime) -> dict:
    back, limit = next_open(now, desk.schedule()), timedelta(minutes=min(desk.blocked_limit, LONGEST_LIMIT))
    lines = [
        f"{who} has been waiting since {say_when(since, now, desk.zone)}"
        for who, since in blocked()
        if back is None or back - since > limit
    ]
    return {
        "desk": desk.name,
        "back": say_when(back, now, desk.zone) if back else "",
        "blocked": lines[:10],
        "limit": say_span(limit),
    }


def blocked() -> list[tuple[str, datetime]]:
    """People who cannot go on without a person, and since when; the longest first."""
    failed = Account.objects.filter(status=Status.FAILED).values_list("name", "status_at")[:100]
    wrote = Ticket.objects.filter(closed_at=None, why=Ticket.Why.WROTE).values_list("email", "opened_at")[:100]
    return sorted([*failed, *wrote], key=lambda pair: pair[1])


def send(now: datetime) -> None:
    """Send what is due, one try each; while the mail service is down nothing is tried."""
    if MAIL in circuit_breaker.broken_now():
        return
    schedule = the_desk().schedule()
    unsent = DayLetter.objects.filter(due("due_at", AGAIN, now), sent_at=None, made_at__gt=now - timedelta(days=2))
    faults.batch(unsent, partial(_claim_and_send, now, schedule), "sending this letter of the day", whole=False)


def _claim_and_send(now: datetime, schedule: Schedule, letter: DayLetter) -> None:
    claimed = DayLetter.objects.filter(pk=letter.pk, sent_at=None, due_at=letter.due_at)
    if may_send(letter, now, schedule) and claimed.update(due_at=now + LEASE, tries=F("tries") + 1):
        _send(letter, now)


def may_send(letter: DayLetter, now: datetime, schedule: Schedule) -> bool:
    """True if a digest may be sent now.

    The agent's wait for business hours, the others do not: nothing reaches the agent at night.
    """
    if letter.kind == Kind.MORNING:
        return which(now, schedule) == (Kind.MORNING, letter.day)
    return letter.kind != Kind.EVENING or now - letter.made_at <= LATE


def _send(letter: DayLetter, now: datetime) -> None:
    """Put a digest into the outbox, on the road that all letters take.

    What would be untrue if it came later is left unsent then; where nobody is blocked any more, nothing is.
    """
    facts = _facts_now(letter, the_desk(), now)
    DayLetter.objects.filter(pk=letter.pk).update(sent_at=now)
    if (letter.kind == Kind.BACKUP and not facts["blocked"]) or (letter.kind == Kind.WEEK and not facts["any"]):
        return
    context = facts | {"site": settings.SITE_URL}
    outbox.write(
        letter.to,
        render_to_string(f"emails/{letter.kind}-subject.txt", context),
        render_to_string(f"emails/{letter.kind}-body.txt", context),
        f"{letter.kind} {letter.day} {letter.pk}",
        not_after=Now() + GOOD_FOR[letter.kind] - (now - letter.made_at),
    )
