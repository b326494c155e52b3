"""What the support person may do. Each act only makes work due, by the road everybody takes."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Least, Now
from django.utils.translation import gettext as _

from accounts import claims
from accounts.models import Account, Event, EventKind, Login, Voice
from accounts.profile import sessions
from accounts.signup import ask_for_repair
from accounts.status import Status
from provisioning.emails.compose import BY_THE_DESK
from provisioning.intake.address_correction import correct_address as correct
from provisioning.intake.outbox import owe_by_the_desk
from provisioning.intake.waivers import waive
from provisioning.models import State, Step
from support.inbound.threads import ANOTHER_ADDRESS
from support.incidents import bulk_recovery
from support.models import Incident, Letter, Message, Promise, Recovery, Ticket
from support.tickets import queue
from support.tickets.outbox import message_id, tell_owner, write

MOST_DEBTS = 25


class Refused(Exception):
    """The act is not done, and nothing was changed; says why."""


def note(account: Account | None, kind: str, actor: Account, reason: str) -> None:
    if account:
        Event.objects.create(account=account, voice=Voice.SUPPORT, kind=kind, detail=reason, actor=actor)


def recover(account: Account, actor: Account, reason: str) -> None:
    """Fresh tries for everything that is still owed, now. What is done is not done again."""
    with transaction.atomic():
        ask_for_repair(account)
        note(account, EventKind.RECOVERED, actor, reason)


def let_in(account: Account, actor: Account, reason: str, pay_by: datetime) -> list[Step]:
    """In without what is still missing; it stays owed until `pay_by`. Raises Refused."""
    if Step.objects.of_setup().filter(state=State.WAIVED)[:MOST_DEBTS].count() >= MOST_DEBTS:
        raise Refused(_("%(n)s debts are open already. Ask the owner before letting in more.") % {"n": MOST_DEBTS})
    missing = Step.objects.of_setup().filter(account=account).exclude(state=State.DONE)
    waived = waive(account, set(missing.values_list("kind", flat=True)), actor=actor, reason=reason, pay_by=pay_by)
    if not waived:
        raise Refused(_("Nothing is missing that they could be let in without."))
    return waived


def send_link(account: Account, actor: Account, reason: str, key: UUID) -> None:
    """The letter that says: you have an account, this is how to get in. Raises Refused."""
    if not owe_by_the_desk(account.pk, "letter.already_here", f"support {key}"):
        raise Refused(_("That letter went out within the last hour, or is on its way."))
    note(account, EventKind.LINK_SENT, actor, reason)


def _where_they_are(ticket: Ticket, asked: str) -> str:
    """What was asked from an address that the account has left since is answered to the one it has."""
    left = Event.objects.filter(account=ticket.account_id, kind__in=ANOTHER_ADDRESS, detail__startswith=f"{asked} → ")
    return ticket.account.email if ticket.account and left.exists() else asked


def reply(ticket: Ticket, actor: Account, body: str, draft: str, key: UUID, *, then_close: bool) -> None:
    """Write to them under her name; the ticket closes, or waits for the answer."""
    before = Letter.objects.filter(ticket=ticket, automatic=False).order_by("-written_at").first()
    subject = _("Your message to Arrivals") if ticket.why == Ticket.Why.WROTE else _("Your Arrivals account")
    how = {"ticket": ticket, "author": actor, "draft": draft, "automatic": False}
    for number, (to, answers) in enumerate(who_asked(ticket, before).items()):
        to = _where_they_are(ticket, to)
        write(to, subject, body, f"reply {key} {number}".removesuffix(" 0"), answers=answers, **how)
    Promise.objects.filter(ticket=ticket, kept_at=None).update(kept_at=Now())
    note(ticket.account, EventKind.REPLIED, actor, body)
    if then_close:
        queue.close(ticket, _("Answered."), actor)
    else:
        _put_aside(ticket, Ticket.Wake.ANSWER, Now() + queue.ASLEEP_AT_MOST)


def who_asked(ticket: Ticket, before: Letter | None) -> dict[str, str]:
    """Whom a reply goes to, and which mail it answers: everybody who has written since the last one.

    A colleague who asks in her thread is answered himself. Where nobody asked, it goes to whom the ticket is about.
    """
    theirs = Message.objects.filter(ticket=ticket, automatic=False, email__contains="@").order_by("at", "pk")
    since = theirs.filter(at__gt=before.written_at) if before else theirs
    asked = dict(since.values_list("email", "message_id")) or {ticket.email: ""}
    mails = dict(theirs.exclude(message_id="").values_list("email", "message_id"))
    ours = message_id(before) if before else ""
    return {email: answers or mails.get(email, ours) for email, answers in asked.items()}


def put_aside(ticket: Ticket, actor: Account, reason: str, wakes_on: str, until: datetime) -> None:
    """Out of the queue until `until` at the latest, or until what is named; an answer always wakes it."""
    _put_aside(ticket, wakes_on, Least(Value(until, DateTimeField()), Now() + queue.ASLEEP_AT_MOST))
    note(ticket.account, EventKind.PUT_ASIDE, actor, reason)


def _put_aside(ticket: Ticket, wakes_on: str, until: Combinable) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(asleep_since=Now(), asleep_until=until, wakes_on=wakes_on)


def hand_over(ticket: Ticket, actor: Account, reason: str) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(handed_over_at=Now())
    tell_owner(ticket, actor, reason)
    note(ticket.account, EventKind.HANDED_OVER, actor, reason)


def mark_abusive(ticket: Ticket, actor: Account, reason: str) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(abusive=not ticket.abusive)
    note(ticket.account, EventKind.NOT_ABUSIVE if ticket.abusive else EventKind.ABUSIVE, actor, reason)


def recover_all(incident: Incident, actor: Account, reason: str) -> Recovery:
    begun = bulk_recovery.begin(incident, actor, reason)
    if begun is None:
        raise Refused(_("They are being recovered already."))
    return begun


def stop_recovery(incident: Incident, actor: Account, reason: str) -> None:
    running = Recovery.objects.filter(incident=incident, ended_at=None).first()
    if running is None or not bulk_recovery.stop(running, f"stopped by {actor.name}: {reason}"):
        raise Refused(_("No recovery is running."))


def correct_address(account: Account, actor: Account, reason: str, email: str) -> None:
    """After proof on the phone; `reason` says which. The welcome letter is owed anew, old links are void."""
    if account.mailbox_proven_at:
        raise Refused(_("They have proved the mailbox they have. Another one is theirs to enter."))
    if Account.objects.filter(email=email).exists():
        raise Refused(_("Another account has that address. Look at it first."))
    correct(account, email, BY_THE_DESK)
    Ticket.objects.filter(account=account, closed_at=None).update(email=email)
    note(account, EventKind.CORRECTED_ADDRESS, actor, f"{account.email} → {email}: {reason}")


def vouch(account: Account, actor: Account, reason: str, key: UUID) -> None:
    """She is sure who it is: they are sent the letter for a new password. She never sets one."""
    owe_by_the_desk(account.pk, "letter.reset", f"support {key}", pause=timedelta(0))
    if account.is_active and account.status != Status.ACTIVE:
        ask_for_repair(account)
    note(account, EventKind.VOUCHED, actor, reason)


def end_sessions(account: Account, actor: Account, reason: str) -> None:
    """Somebody else may be in: whoever is logged in is out, and so is every browser that signed up (ASVS 7.4.5)."""
    sessions.end(Login.objects.filter(account=account))
    claims.end_for(account)
    note(account, EventKind.SESSIONS_ENDED, actor, reason)
