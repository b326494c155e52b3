"""Somebody wrote. Repair first what can be repaired, then answer, and only then make a ticket."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.clock import long_ago
from accounts.models import Account, Event, Voice
from accounts.signup import ask_for_repair
from accounts.status import Status
from provisioning import faults
from provisioning.bounces import came_back
from provisioning.owing import owe_letter
from provisioning.postage import mailbox_of
from support.models import Message, Ticket
from support.post import write
from support.queue import open_ticket
from support.threads import thread_of

GRACE = timedelta(seconds=60)  # what the machine may take to repair it before a person is asked
BATCH = 200


def take(email: str, body: str) -> Message:
    """Save the message; nothing is looked up here, so that the answer is the same for any address."""
    return Message.objects.create(email=email, body=body)


def settle_messages() -> None:
    if Message.objects.filter(settled_at=None).exists():
        faults.phases([("reading what people wrote", begin_repairs), ("answering who wrote", end_repairs)])


def begin_repairs() -> None:
    unread = Message.objects.select_for_update(skip_locked=True).filter(settled_at=None, read_at=None)
    faults.batch(unread.order_by("at"), _begin, "reading this message", BATCH)


def _begin(message: Message) -> None:
    thread = thread_of(message)
    account = thread.account or Account.objects.filter(email=message.email, is_active=True).first()
    message.account, message.read_at = account, Now()
    message.ticket = thread.ticket
    message.save(update_fields=["account", "ticket", "read_at"])
    if message.automatic:
        return _set_down(message)
    if account:
        shown = "" if message.message_id else "contact.taken"
        Event.objects.create(account=account, voice=Voice.THEY, kind="wrote", shown=shown)
        if account.status != Status.ACTIVE:
            ask_for_repair(account)
    if account is None or account.status == Status.ACTIVE or thread.ticket:
        _ask_a_person(message)


def _set_down(message: Message) -> None:
    """A machine's letter: kept and noted, never answered, no ticket."""
    if message.account and message.bounce:
        came_back(message.account, f"the letter came back: {message.body}"[:500])
    elif message.account:
        Event.objects.create(
            account=message.account, voice=Voice.WE, kind="mail.automatic", detail=message.body[:300]
        )
    message.settled_at = Now()
    message.save(update_fields=["settled_at"])


def end_repairs() -> None:
    """Answer those whose account healed meanwhile; hand the others to a person."""
    waiting = Message.objects.select_for_update(skip_locked=True).filter(settled_at=None, account__isnull=False)
    over = Q(account__status=Status.ACTIVE) | Q(account__status=Status.FAILED) | long_ago("read_at", GRACE)
    waiting = waiting.filter(over, read_at__isnull=False).order_by("at")
    faults.batch(waiting, _end, "answering this message", BATCH)


def _end(message: Message) -> None:
    if message.account is None or message.account.status != Status.ACTIVE:
        return _ask_a_person(message)
    owe_letter(message.account.pk, "letter.repaired", f"message {message.pk}")
    message.settled_at = Now()
    message.save(update_fields=["settled_at"])


def _ask_a_person(message: Message) -> None:
    email = message.account.email if message.account else message.email
    message.ticket = open_ticket(message.account, email, Ticket.Why.WROTE)
    message.settled_at = Now()
    message.save(update_fields=["ticket", "settled_at"])
    if message.account is None and message.email:
        _tell_stranger(message)


def _tell_stranger(message: Message) -> None:
    """That no account is there is said by mail to the writer alone, at most once a day."""
    body = _(
        "Hello,\n\nyour message has reached us, and a person reads it. There is no account with {address} here. "
        "If you signed up with another address, reply and name it. To sign up: {site}/signup/\n\n"
        "Arrivals (automatic). A reply reaches a person."
    ).format(address=_named(message.email), site=settings.SITE_URL)
    occasion = f"stranger {message.email[:80]} {timezone.localdate()}"
    subject = _("Your message to Arrivals")
    write(message.email, subject, body, occasion, ticket=message.ticket, answers=message.message_id)


def _named(email: str) -> str:
    """Behind a plus anybody may have typed anything."""
    return email if mailbox_of(email) == email else _("this address")
