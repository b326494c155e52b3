"""Somebody wrote. Repair first what can be repaired, then answer, and only then make a ticket."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Account, Event, Voice
from accounts.signup import ask_for_repair
from accounts.status import Status
from provisioning.pickup import owe_letter
from support.models import Message, Ticket
from support.queue import open_ticket

GRACE = timedelta(seconds=60)  # what the machine may take to repair it before a person is asked
BATCH = 200


def take(email: str, body: str) -> Message:
    """Save the message; nothing is looked up here, so that the answer is the same for any address."""
    return Message.objects.create(email=email, body=body)


def begin_repairs() -> None:
    with transaction.atomic():
        unread = Message.objects.select_for_update(skip_locked=True).filter(settled_at=None, read_at=None)
        for message in unread.order_by("at")[:BATCH]:
            _begin(message)


def _begin(message: Message) -> None:
    account = Account.objects.filter(email=message.email, is_active=True).first()
    if account:
        Event.objects.create(account=account, voice=Voice.THEY, kind="wrote", shown="contact.taken")
        if account.status != Status.ACTIVE:
            ask_for_repair(account)
    message.account, message.read_at = account, Now()
    message.save(update_fields=["account", "read_at"])
    if account is None or account.status == Status.ACTIVE:
        _ask_a_person(message)


def end_repairs() -> None:
    """Answer those whose account healed meanwhile; hand the others to a person."""
    with transaction.atomic():
        waiting = Message.objects.select_for_update(skip_locked=True).filter(settled_at=None, account__isnull=False)
        over = Q(account__status=Status.ACTIVE) | Q(account__status=Status.FAILED) | Q(read_at__lt=Now() - GRACE)
        for message in waiting.filter(over, read_at__isnull=False).order_by("at")[:BATCH]:
            _end(message)


def _end(message: Message) -> None:
    if message.account is None or message.account.status != Status.ACTIVE:
        return _ask_a_person(message)
    owe_letter(message.account.pk, "letter.repaired", f"message {message.pk}")
    message.settled_at = Now()
    message.save(update_fields=["settled_at"])


def _ask_a_person(message: Message) -> None:
    message.ticket = open_ticket(message.account, message.email, Ticket.Why.WROTE)
    message.settled_at = Now()
    message.save(update_fields=["ticket", "settled_at"])
