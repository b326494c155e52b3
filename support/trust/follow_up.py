"""Follow-up to an apology: one follow-up or win-back e-mail at most, then it is closed in silence."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.core import signing
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts import email_links
from accounts.models import Event, Voice
from accounts.profile import deletion
from provisioning.emails.compose import AFTER
from provisioning.engine import faults
from provisioning.intake.outbox import owe_letter
from support.models import Lost, Ticket, TrustRepair
from support.tickets.intake import forget_address
from support.tickets.queue import open_ticket

Level, State = TrustRepair.Level, TrustRepair.State
GONE_FOR = timedelta(hours=24)
SILENT_FOR = timedelta(days=7)
FURTHEST = timedelta(days=60)  # a follow-up further ahead was set by a wrong clock
LINK_SECONDS = 60 * 86400


@dataclass(frozen=True)
class After:
    """State of the follow-up to one apology: whether they were back, whether a letter is out."""

    level: str
    sent_at: datetime
    follow_up_on: datetime | None
    came_back: bool
    letter_at: datetime | None = None


def next_thing(after: After, now: datetime) -> str:
    """Next step of the follow-up: `come_back`, `follow_up`, `close`, or nothing yet.

    `come_back` is the win-back letter (a way in, and a way out), `follow_up` the one that asks whether they got
    it done.
    """
    if after.letter_at:
        return "close" if now >= after.letter_at + SILENT_FOR else ""
    if not after.came_back:
        return "come_back" if now >= after.sent_at + GONE_FOR else ""
    if after.level == Level.AUTOMATIC:
        return "close"
    on = after.follow_up_on
    return "follow_up" if on and (now >= on or on > now + FURTHEST) else ""


def advance(now: datetime) -> None:
    """Periodic job: take the next step of the follow-up to each apology that was sent."""
    back = Event.objects.filter(account=OuterRef("account"), voice=Voice.THEY, at__gt=OuterRef("ready_at"))
    sent = TrustRepair.objects.filter(state=State.SENT).annotate(back=Exists(back)).select_related("account")
    faults.batch(sent, partial(_go_on, now), "asking this person how it went on")


def _go_on(now: datetime, repair) -> None:
    """Take the next step of one repair. `repair` has `back`: True if they were here since."""
    after = After(repair.level, repair.sent_at, repair.follow_up_on, repair.back, repair.followed_up_at)
    thing = next_thing(after, now)
    if thing == "close":
        close_silent(repair, repair.back, now)
    elif thing:
        _write(repair, thing, now)


def _write(repair: TrustRepair, thing: str, now: datetime) -> None:
    with transaction.atomic():
        unwritten = TrustRepair.objects.filter(pk=repair.pk, state=State.SENT, followed_up_at=None)
        if unwritten.update(followed_up_at=now, followed_up_with=thing):
            owe_letter(repair.account_id, f"letter.{thing}", occasion_of(repair))


def close_silent(repair: TrustRepair, came_back: bool, now: datetime) -> None:
    """Close a follow-up without an answer: that is an answer, too.

    Whoever never came back was lost by us.
    """
    with transaction.atomic():
        sent = TrustRepair.objects.filter(pk=repair.pk, state=State.SENT)
        if sent.update(state=State.CLOSED_SILENT, closed_at=now) and not came_back:
            Lost.objects.create(outage=repair.outage, how=Lost.How.SILENT, at=now)


def occasion_of(repair: TrustRepair) -> str:
    """Occasion of the follow-up letter (its idempotency key), which its link names, too."""
    return f"repair {repair.pk}"


def repair_for(token: str) -> TrustRepair | None:
    """Trust repair that a follow-up link names, or None.

    Valid while the account has the address that the letter went to, and for 60 days.
    """
    try:
        about, fingerprint = email_links.about_of(token, AFTER, LINK_SECONDS)
    except signing.BadSignature:
        return None
    number = about.removeprefix("repair ")
    repair = TrustRepair.objects.filter(pk=number).select_related("account").first() if number.isdecimal() else None
    return repair if repair and email_links.is_bound(fingerprint, repair.account) else None


def take_answer(repair: TrustRepair, answer: str, now: datetime) -> None:
    """Record the answer to the follow-up, whether they got done what they came for.

    “Not yet” is a person's to read: it opens a ticket.
    """
    with transaction.atomic():
        open_ = TrustRepair.objects.filter(pk=repair.pk, answer="")
        if not open_.update(state=State.ANSWERED, answer=answer, closed_at=now):
            return
        account = repair.account
        Event.objects.create(account=account, voice=Voice.THEY, kind=f"answered.{answer}", shown="after.thanks")
        if answer == TrustRepair.Answer.NOT_YET:
            open_ticket(account, account.email, Ticket.Why.WROTE)


def may_delete(repair: TrustRepair) -> bool:
    """True if this follow-up offered to delete the account.

    That is for whoever knows the password: a link alone may lie in anybody's mailbox.
    """
    return repair.followed_up_with == "come_back" and not repair.account.is_staff and repair.account.is_active


def delete_everything(repair: TrustRepair, now: datetime) -> None:
    """Delete all of an account, by their own wish; what stays is that we lost somebody.

    The link came by mail, so what was written to us from that address goes, too, whoever it was filed under.
    """
    email = repair.account.email
    with transaction.atomic():
        if deletion.delete_everything(repair.account):
            Lost.objects.create(outage=repair.outage, how=Lost.How.DELETED, at=now)
            forget_address(email)
