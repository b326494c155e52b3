"""Staff actions: recover, let in with debt, reply, undo, note, snooze, escalate, correct, link, vouch, delete.

Each action only makes work due, by the road that everybody takes.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Least, Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import claims
from accounts.models import Account, Event, EventKind, Login, Voice
from accounts.profile import sessions
from accounts.profile.deletion import delete_everything
from accounts.signup import ask_for_repair
from accounts.status import Status
from accounts.text.addresses import normal_email
from provisioning.emails.compose import BY_THE_DESK
from provisioning.intake.address_correction import correct_address as correct
from provisioning.intake.outbox import owe_by_the_desk, owe_letter
from provisioning.intake.waivers import waive
from provisioning.models import State, Step
from support.diagnosis.facts import own_addresses
from support.inbound.threads import ANOTHER_ADDRESS
from support.incidents import bulk_recovery
from support.models import Incident, Letter, Message, Note, Promise, Recovery, Ticket
from support.tickets import queue
from support.tickets.outbox import UNDO_FOR, message_id, tell_owner, write
from support.trust.settled_by_reply import settle, unsettle

MOST_DEBTS = 25
GONE = gettext_lazy("it does not exist any more.")


class Refused(Exception):
    """Refusal of a staff action: nothing was done or changed, and the message says why."""


def may_touch(user: Account, account: Account | None) -> bool:
    """Object-level permission: accounts of staff are helped by superusers only.

    Else an action would be a way to become one of them.
    """
    of_the_house = account is not None and (account.is_staff or account.is_superuser)
    return user.is_superuser or not of_the_house


def note(account: Account | None, kind: str, actor: Account, reason: str) -> None:
    """Add a line in the support voice to an account's audit log (the diary); without an account there is none."""
    if account:
        Event.objects.create(account=account, voice=Voice.SUPPORT, kind=kind, detail=reason, actor=actor)


def recover(account: Account, actor: Account, reason: str) -> None:
    """Retry everything that is still owed to an account now, with fresh tries.

    What is done is not done again.
    """
    with transaction.atomic():
        ask_for_repair(account)
        note(account, EventKind.RECOVERED, actor, reason)


def let_in(account: Account, actor: Account, reason: str, pay_by: datetime) -> list[Step]:
    """Waive the missing set-up steps, so that the account is let in; they stay owed until `pay_by`.

    Raises Refused if nothing is missing, or if MOST_DEBTS steps are waived already, whoever's they are.
    """
    if Step.objects.of_setup().filter(state=State.WAIVED)[:MOST_DEBTS].count() >= MOST_DEBTS:
        said = _("%(n)s things are unfinished already for people let in early. Ask the owner before letting in more.")
        raise Refused(said % {"n": MOST_DEBTS})
    missing = Step.objects.of_setup().filter(account=account).exclude(state=State.DONE)
    waived = waive(account, set(missing.values_list("kind", flat=True)), actor=actor, reason=reason, pay_by=pay_by)
    if not waived:
        raise Refused(_("There's nothing missing that they could be let in without."))
    owe_letter(account.pk, "letter.let_in", f"by hand {max(step.pk for step in waived)}")
    return waived


def send_link(account: Account, actor: Account, reason: str, key: UUID) -> None:
    """E-mail an account the letter that says: you have an account, this is how to get in.

    `key` makes it idempotent. Raises Refused if that letter went out within the last hour, or is on its way.
    """
    if not owe_by_the_desk(account.pk, "letter.already_here", f"support {key}"):
        raise Refused(_("That email went out within the last hour, or is on its way."))
    note(account, EventKind.LINK_SENT, actor, reason)


def _where_they_are(ticket: Ticket, asked: str) -> str:
    """Recipient of an answer: the account's present address, if it has left the one that was asked from."""
    left = Event.objects.filter(account=ticket.account_id, kind__in=ANOTHER_ADDRESS, detail__startswith=f"{asked} → ")
    return ticket.account.email if ticket.account and left.exists() else asked


def _subject(ticket: Ticket) -> str:
    text = _("Your message to %(product)s") if ticket.why == Ticket.Why.WROTE else _("Your %(product)s account")
    return text % {"product": settings.PRODUCT_NAME}


def reply(ticket: Ticket, actor: Account, body: str, draft: str, key: UUID, *, then_close: bool) -> None:
    """Send a reply in the agent's name; the ticket then closes, or is snoozed until it is answered.

    It goes out after UNDO_FOR. `key` makes each of its letters idempotent. The ticket's open promise is kept by it,
    and so is a personal apology that is owed to whom it goes. `draft` is what was proposed.
    """
    before = Letter.objects.filter(ticket=ticket, automatic=False).order_by("-written_at").first()
    subject = _subject(ticket)
    how = {"ticket": ticket, "author": actor, "draft": draft, "automatic": False, "due_at": Now() + UNDO_FOR}
    asked = {_where_they_are(ticket, to): answers for to, answers in who_asked(ticket, before).items()}
    for number, (to, answers) in enumerate(asked.items()):
        write(to, subject, body, f"reply {key} {number}".removesuffix(" 0"), answers=answers, **how)
    Promise.objects.filter(ticket=ticket, kept_at=None).update(kept_at=Now())
    note(ticket.account, EventKind.REPLIED, actor, body)
    linked = Event.objects.filter(account=ticket.account_id, kind=EventKind.LINKED)
    if ticket.account and own_addresses(ticket.account, linked) & asked.keys():
        settle(ticket.account, actor, body, timezone.now())
    if then_close:
        queue.close(ticket, _("Answered."), actor)
    else:
        _put_aside(ticket, Ticket.Wake.ANSWER, Now() + queue.ASLEEP_AT_MOST)


def letters_of_reply(key: UUID) -> QuerySet[Letter]:
    """Letters of the reply that was sent with this idempotency key."""
    return Letter.objects.filter(occasion__startswith=f"reply {key}").order_by("pk")


def is_held(key: UUID) -> bool:
    """True while a reply waits in the outbox and nobody has begun to hand it over."""
    gone = letters_of_reply(key).exclude(due_at__gt=Now(), attempts=0, sent_at=None, given_up_at=None)
    return letters_of_reply(key).exists() and not gone.exists()


def undo_reply(key: UUID, actor: Account) -> str:
    """Take a reply back before it goes out, and return its words; ticket, promise and apology are open again.

    Raises Refused once it is on its way.
    """
    if not is_held(key):
        raise Refused(_("it is on its way already."))
    letters = list(letters_of_reply(key).select_related("ticket__account"))
    letters_of_reply(key).delete()
    ticket = letters[0].ticket
    if ticket:
        queue.reopen(ticket, since=letters[0].written_at)
        Ticket.objects.filter(pk=ticket.pk, closed_at=None).update(**queue.AWAKE)
        note(ticket.account, EventKind.TOOK_BACK, actor, "")
        if ticket.account:
            unsettle(ticket.account, letters[0].body)
    return letters[0].body


def who_asked(ticket: Ticket, before: Letter | None) -> dict[str, str]:
    """Recipients of a reply, each with the Message-ID it answers: everybody who has written since the last one.

    A colleague who asks in a person's thread is answered directly. Where nobody asked, it goes to whom the ticket is
    about.
    """
    theirs = Message.objects.filter(ticket=ticket, automatic=False, email__contains="@").order_by("at", "pk")
    since = theirs.filter(at__gt=before.written_at) if before else theirs
    asked = dict(since.values_list("email", "message_id")) or {ticket.email: ""}
    mails = dict(theirs.exclude(message_id="").values_list("email", "message_id"))
    ours = message_id(before) if before else ""
    return {email: answers or mails.get(email, ours) for email, answers in asked.items()}


def put_aside(ticket: Ticket, actor: Account, reason: str, wakes_on: str, until: datetime) -> None:
    """Snooze a ticket until `until` at the latest, or until what `wakes_on` names; an answer always wakes it.

    Never for longer than queue.ASLEEP_AT_MOST.
    """
    _put_aside(ticket, wakes_on, Least(Value(until, DateTimeField()), Now() + queue.ASLEEP_AT_MOST))
    note(ticket.account, EventKind.PUT_ASIDE, actor, reason)


def _put_aside(ticket: Ticket, wakes_on: str, until: Combinable) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(asleep_since=Now(), asleep_until=until, wakes_on=wakes_on)


def hand_over(ticket: Ticket, actor: Account, reason: str) -> None:
    """Escalate a ticket to the owner, by e-mail."""
    Ticket.objects.filter(pk=ticket.pk).update(handed_over_at=Now())
    tell_owner(ticket, actor, reason)
    note(ticket.account, EventKind.HANDED_OVER, actor, reason)


def mark_abusive(ticket: Ticket, actor: Account, reason: str) -> None:
    """Toggle the flag that hides the words of a ticket's messages behind a click."""
    Ticket.objects.filter(pk=ticket.pk).update(abusive=not ticket.abusive)
    note(ticket.account, EventKind.NOT_ABUSIVE if ticket.abusive else EventKind.ABUSIVE, actor, reason)


def recover_all(incident: Incident, actor: Account, reason: str) -> Recovery:
    """Start the bulk recovery of everybody in an incident. Raises Refused if one is running."""
    begun = bulk_recovery.begin(incident, actor, reason)
    if begun is None:
        raise Refused(_("They're already being recovered."))
    return begun


def stop_selected(recovery: Recovery, actor: Account, reason: str) -> None:
    """Stop the recovery of people who were selected in a list. Raises Refused if it is over."""
    if not bulk_recovery.stop(recovery, f"stopped by {actor.name}: {reason}"):
        raise Refused(_("No recovery is running."))


def stop_recovery(incident: Incident, actor: Account, reason: str) -> None:
    """Stop the bulk recovery of an incident. Raises Refused if none is running."""
    running = Recovery.objects.filter(incident=incident, ended_at=None).first()
    if running is None or not bulk_recovery.stop(running, f"stopped by {actor.name}: {reason}"):
        raise Refused(_("No recovery is running."))


def correct_address(account: Account, actor: Account, reason: str, email: str) -> None:
    """Change an unproven e-mail address, after proof on the phone; `reason` says which proof.

    The welcome letter is owed anew, old links are void, open tickets follow. Raises Refused for a mailbox that was
    proved, and for an address that another account has.
    """
    if account.mailbox_proven_at:
        raise Refused(_("They've confirmed their address, so only they can change it."))
    if Account.objects.filter(email=email).exists():
        raise Refused(_("Another account has that address. Look at that one first."))
    correct(account, email, BY_THE_DESK)
    Ticket.objects.filter(account=account, closed_at=None).update(email=email)
    note(account, EventKind.CORRECTED_ADDRESS, actor, f"{account.email} → {email}: {reason}")


def correct_company(account: Account, actor: Account, reason: str, company: str) -> None:
    """Change the company name of an account; an unfinished set-up is retried, for the name may have been refused.

    Raises Refused if it is that name already.
    """
    if company == account.company:
        raise Refused(_("That is the name we have."))
    Account.objects.filter(pk=account.pk).update(company=company)
    if account.is_active and account.status != Status.ACTIVE:
        ask_for_repair(account)
    note(account, EventKind.CORRECTED_COMPANY, actor, f"{account.company} → {company}: {reason}")


def add_note(account: Account, actor: Account, body: str) -> None:
    """Add a note for the desk alone to an account; the person never sees it."""
    Note.objects.create(account=account, author=actor, body=body)


def link_account(ticket: Ticket, actor: Account, reason: str, whose: str) -> None:
    """Link a stranger's ticket to the account with this address or reference, and start its repair.

    It joins the ticket that is open for that account, if there is one. Raises Refused if there is no such account.
    """
    found = Account.objects.filter(Q(email=normal_email(whose)) | Q(reference=whose.strip().upper()))
    account = found.select_for_update().first()
    if account is None or not may_touch(actor, account):
        raise Refused(_("No account that you may help has that address or reference."))
    Message.objects.filter(ticket=ticket).update(account=account)
    Promise.objects.filter(ticket=ticket).update(account=account)
    theirs = Ticket.objects.select_for_update().filter(account=account, closed_at=None).first()
    if theirs:
        _join(ticket, theirs, actor)
    else:
        Ticket.objects.filter(pk=ticket.pk).update(account=account)
        queue.refresh_these(Ticket.objects.filter(pk=ticket.pk))
    if account.is_active and account.status != Status.ACTIVE:
        ask_for_repair(account)
    note(account, EventKind.LINKED, actor, f"{ticket.email}: {reason}")


def _join(ticket: Ticket, theirs: Ticket, actor: Account) -> None:
    """Move everything of a ticket to another one; of two open promises the earlier is left."""
    Message.objects.filter(ticket=ticket).update(ticket=theirs)
    Letter.objects.filter(ticket=ticket).update(ticket=theirs)
    open_ = {"kept_at": None, "broken_at": None}
    mine = Promise.objects.filter(ticket=ticket, **open_).first()
    other = Promise.objects.filter(ticket=theirs, **open_).first()
    if mine and other:
        Promise.objects.filter(pk=other.pk).update(due=min(mine.due, other.due))
        mine.delete()
    Promise.objects.filter(ticket=ticket).update(ticket=theirs)
    Ticket.objects.filter(pk=theirs.pk).update(why=Ticket.Why.WROTE, **queue.AWAKE)
    queue.close(ticket, _("Joined to #%(number)s.") % {"number": theirs.pk}, actor)


def note_deadline(account: Account, actor: Account, by: datetime, because: str) -> None:
    """Note by when somebody needs their account, as they have told us; they come first once it is near."""
    what_for = {"needed_because": because} if because else {}
    Account.objects.filter(pk=account.pk).update(needed_by=by, **what_for)
    queue.refresh_these(Ticket.objects.filter(account=account, closed_at=None))
    note(account, EventKind.NOTED_DEADLINE, actor, by.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"))


def delete_account(account: Account, actor: Account, proof: str, reference: str) -> None:
    """Delete everything about an account whose holder asked for it and has proved who they are.

    Who did it and by which proof is kept; nothing of theirs is.
    """
    if reference.strip().upper() != account.reference:
        raise Refused(_("that is not the reference of this account."))
    if not delete_everything(account, Event(voice=Voice.SUPPORT, actor=actor, detail=proof)):
        raise Refused(GONE)


def vouch(account: Account, actor: Account, reason: str, key: UUID) -> None:
    """Start a password reset for somebody the agent is sure of: they are sent the letter for a new password.

    The agent never sets a password. `key` makes the letter idempotent. An unfinished set-up is retried as well.
    """
    owe_by_the_desk(account.pk, "letter.reset", f"support {key}", pause=timedelta(0))
    if account.is_active and account.status != Status.ACTIVE:
        ask_for_repair(account)
    note(account, EventKind.VOUCHED, actor, reason)


def end_sessions(account: Account, actor: Account, reason: str) -> None:
    """Log an account out everywhere, and end the claims of every browser that signed up (ASVS 7.4.5).

    For an account in which somebody else may be.
    """
    sessions.end(Login.objects.filter(account=account))
    claims.end_for(account)
    note(account, EventKind.SESSIONS_ENDED, actor, reason)
