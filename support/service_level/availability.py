"""Availability of the agent: absences, the status line, and auto-replies that name a time."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from provisioning.engine import faults
from provisioning.humanize import say_when
from provisioning.intake.outbox import owe_letter
from support.business_hours import add_working_days, closes_at, is_open, next_open
from support.models import Away, Desk, Letter, Message, Promise, Ticket, the_desk
from support.service_level import estimate, promises

BATCH = 200
READING_HOURS = "reading the desk's hours"
OWN = Q(email=F("account__email")) | Q(sender=F("account__email"))  # of messages: written by whom they are about


@dataclass(frozen=True)
class StatusLine:
    """Status line at the top of the desk.

    `until` is when the agent closes, or is back; None: no date is known.
    """

    at_work: bool
    until: datetime | None
    answered_by: datetime | None
    kept: int
    of: int
    widened: bool


def status_line(desk: Desk, now: datetime) -> StatusLine:
    """Status line of this moment: hours, the time people are told, and promises kept."""
    schedule, outcomes = desk.schedule(), promises.recent_outcomes()
    at_work = is_open(now, schedule)
    return StatusLine(
        at_work,
        closes_at(now, schedule) if at_work else next_open(now, schedule),
        promises.expected(now),
        sum(outcomes),
        len(outcomes),
        estimate.must_widen(outcomes),
    )


def say_status(line: StatusLine, desk: Desk, now: datetime) -> str:
    """The status line in words."""
    until = line.until and say_when(line.until, now, desk.zone)
    here = f"At work until {until}." if line.at_work else f"Away; back {until or 'on no known date'}."
    told = say_expected(line.answered_by, desk, now)
    kept = f" Kept {line.kept} of the last {line.of} promises." if line.of else ""
    wider = " Too few, so times are named later by half." if line.widened else ""
    return f"{here} Who writes now is told: “{told}”{kept}{wider}"


def word_status(now: datetime) -> None:
    """Keep the status line with the desk, so that a page reads one row for it."""
    faults.one(
        the_desk(),
        lambda desk: Desk.objects.filter(pk=desk.pk).update(said=say_status(status_line(desk, now), desk, now)),
        "wording the status line",
    )


def check_hours() -> None:
    """Report unreadable business hours at the desk.

    What somebody wrote into the desk's row past its form is left out of the agent's hours, and said there.
    """
    desk = the_desk()
    if not (unreadable := desk.unreadable()):
        faults.forget(desk, [desk.pk], READING_HOURS)
    elif str(desk.pk) not in faults.resting(Desk):
        faults.note(desk, READING_HOURS, ValueError(" ".join(unreadable)))


def say_expected(due: datetime | None, desk: Desk, now: datetime) -> str:
    """Sentence that names the time of an answer, or says that none can be named yet."""
    if due is None:
        return f"{desk.name} answers, but we cannot name a time yet."
    return f"{desk.name} will answer by {say_when(due, now, desk.zone)}."


def step_away(now: datetime, until: datetime | None = None) -> Away:
    """Start an absence at this moment; until the next working day where no other time is named."""
    with transaction.atomic():
        desk = Desk.objects.select_for_update().get(pk=the_desk().pk)
        if already := _away_now(now).first():
            return already
        back = until or add_working_days(now, 1, desk.schedule())
        return Away.objects.create(start=now, until=back, stepped=True)


def come_back(now: datetime) -> datetime:
    """End the absence. Returns since when the agent was away, for the summary of what happened meanwhile."""
    rows = _away_now(now)
    since = min((row.start for row in rows), default=now)
    rows.update(until=now)
    return since


def _away_now(now: datetime):
    return Away.objects.filter(Q(until=None) | Q(until__gt=now), start__lte=now).order_by("start")


def answer_those_who_wrote(now: datetime) -> None:
    """Auto-reply to those who wait for a person, with the time of an answer.

    Once a day, or when what was said has changed.
    """
    unpromised = Ticket.objects.filter(closed_at=None, asleep_since=None, account__isnull=False).exclude(
        pk__in=Promise.objects.filter(kept_at=None, ticket__isnull=False).values("ticket")
    )
    unpromised = unpromised.exclude(_was_answered()).select_related("account").order_by("opened_at")
    faults.batch(unpromised, partial(auto_reply, now=now), "saying by when they are answered", BATCH)


def _was_answered() -> Exists:
    """Filter for tickets to which a person has written since the last message: nothing more is announced to them."""
    last = Message.objects.filter(ticket=OuterRef(OuterRef("pk")), automatic=False).order_by("-at").values("at")[:1]
    answers = Letter.objects.filter(ticket=OuterRef("pk"), automatic=False, given_up_at=None)
    return Exists(answers.filter(written_at__gt=Coalesce(Subquery(last), OuterRef("opened_at"))))


def auto_reply(ticket: Ticket, now: datetime) -> Promise | None:
    """Promise an answer to a ticket, and owe the auto-reply that names its time; None: no date is known."""
    with transaction.atomic():
        promise = promises.promise_for(ticket, "letter.taken", now)
        if ticket.account_id and _is_told(ticket):
            due = promise.due if promise else None
            occasion = f"answer by {due:%Y-%m-%d %H:%M}" if due else f"ticket {ticket.pk}, no date"
            owe_letter(ticket.account_id, "letter.taken", occasion)
    return promise


def _is_told(ticket: Ticket) -> bool:
    """True if a ticket gets the auto-reply.

    Not for a message that somebody else wrote, or perhaps a machine: that one a person answers.
    """
    wrote = Message.objects.filter(ticket=ticket, automatic=False)
    return wrote.filter(OWN, unsure=False).exists() or not wrote.exists()
