"""Facts for the emails that the desk owes people, read at the hand-over; an email whose reason is gone is withdrawn.

settings.LETTER_FACTS names the table.
"""

from datetime import datetime

from accounts.models import Event, Voice
from accounts.status import Status
from provisioning.emails.voice import IT_WORKS
from provisioning.exceptions import Withdrawn
from provisioning.humanize import fixed
from provisioning.kinds import label_of
from provisioning.models import State, Step
from support.business_hours import next_opening
from support.incidents.detection import stuck_in
from support.models import Incident, Message, Promise, Ticket, TrustRepair, the_desk
from support.service_level.availability import OWN
from support.tickets.queue import open_ticket_of
from support.trust.apologies import level_owed

ANSWERED = "a person has answered by now"


def it_works(step: Step, now: datetime) -> dict:
    """Facts of the news that it works: whether it is an apology, and by when a person answers who was asked.

    Where a person owes them a word of their own the apology is in that, and not in two emails.
    """
    desk, ticket = the_desk(), open_ticket_of(step.account)
    promise = promised(ticket, now) if ticket and ticket.why == Ticket.Why.WROTE else None
    return fixed(desk.zone, due=promise.due if promise else None) | {
        "desk": desk.name,
        "asked": ticket is not None and ticket.why == Ticket.Why.WROTE,
        "sorry": level_owed(step.account) == TrustRepair.Level.AUTOMATIC,
    }


def outage_notice(step: Step, now: datetime) -> dict:
    """Facts of the outage notice. Raises Withdrawn once it works again, or nothing of theirs waits for it."""
    number = step.occasion.removeprefix("incident ")
    incident = Incident.objects.filter(pk=number).first() if number.isdecimal() else None
    if incident is None or incident.ended_at or incident.closed_at:
        raise Withdrawn("that service works again")
    if not stuck_in(incident).filter(account=step.account).exists():
        raise Withdrawn("nothing of theirs waits for that service")
    news = incident.next_news_at if incident.next_news_at and incident.next_news_at > now else None
    return fixed(the_desk().zone, since=incident.began_at, next_news=news) | {"what": [incident.dependency]}


def taken(step: Step, now: datetime) -> dict:
    """Facts of the auto-reply: what reached us, by when a person answers, when somebody is there again."""
    ticket = open_ticket_of(step.account)
    if ticket is None:
        raise Withdrawn(ANSWERED)
    desk, promise = the_desk(), promised(ticket, now)
    wrote = Message.objects.filter(OWN, ticket=ticket, automatic=False).order_by("at").first()
    due = promise.due if promise else None
    works = step.account.status_at if step.account.status == Status.ACTIVE else None
    since = works if works and wrote and wrote.at < works else None  # it did not when they wrote
    return fixed(
        desk.zone, reached=wrote.at if wrote else None, due=due, back=next_opening(now, desk.schedule()), since=since
    ) | {
        "auto_submitted": "auto-replied" if wrote else "auto-generated",
        "desk": desk.name,
        "unfinished": step.account.status != Status.ACTIVE,
    }


def late(step: Step, now: datetime) -> dict:
    """Facts of the email that a promise was broken: what was said, and the new time while it has not come."""
    number = step.occasion.removeprefix("promise ")
    broken = Promise.objects.filter(pk=number).select_related("ticket").first() if number.isdecimal() else None
    if broken is None or broken.ticket is None or broken.ticket.closed_at or broken.kept_at:
        raise Withdrawn(ANSWERED)
    desk, new = the_desk(), promised(broken.ticket, now)
    return fixed(desk.zone, said=broken.due, new=new.due if new else None) | {"desk": desk.name}


def promised(ticket: Ticket, now: datetime) -> Promise | None:
    """Open promise of a ticket whose time has not come; one that is broken is said to nobody as a time to come."""
    return Promise.objects.filter(ticket=ticket, kept_at=None, due__gt=now).order_by("-pk").first()


def let_in(step: Step, now: datetime) -> dict:
    """Facts of the email that somebody was let in: what is missing still, by when, and who did it."""
    debts = list(Step.objects.of_setup().filter(account=step.account, state=State.WAIVED).order_by("pk"))
    if not debts:
        raise Withdrawn("everything is there by now")
    desk = the_desk()
    pay_by = max((debt.pay_by for debt in debts if debt.pay_by), default=None)
    ahead = pay_by if pay_by and pay_by > now else None
    needed = step.account.needed_by if step.account.needed_by and step.account.needed_by > now else None
    return fixed(desk.zone, needed=needed, pay_by=ahead, back=next_opening(now, desk.schedule())) | {
        "what": sorted(label_of(debt.kind) for debt in debts),
        "desk": desk.name,
    }


def come_back(step: Step, _now: datetime) -> dict:
    """Facts of the win-back email. Raises Withdrawn if they came back by themselves."""
    since = step.account.status_at
    if Event.objects.filter(account=step.account, voice=Voice.THEY, at__gt=since).exists():
        raise Withdrawn("they came back by themselves")
    desk = the_desk()
    return fixed(desk.zone, came=step.account.created_at, since=since) | {"desk": desk.name}


def follow_up(step: Step, _now: datetime) -> dict:
    """Facts of the email that asks how it went on. Raises Withdrawn while they wait for an answer of ours."""
    if open_ticket_of(step.account):
        raise Withdrawn("they are in touch with a person")
    return {"desk": the_desk().name}


FACTS = dict.fromkeys(IT_WORKS, it_works) | {
    "letter.outage_notice": outage_notice,
    "letter.taken": taken,
    "letter.late": late,
    "letter.let_in": let_in,
    "letter.come_back": come_back,
    "letter.follow_up": follow_up,
}
