"""E-mail threading: the conversation of a mail, by the Message-IDs it answers, never by its subject."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Account, Event, EventKind
from provisioning.models import Step
from support.models import Letter, Message, Ticket

MOST = 20
ANOTHER_ADDRESS = (EventKind.CORRECTED_ADDRESS, EventKind.MOVED_ADDRESS)
ANSWERABLE = re.compile(r"[\x21-\x7e]{1,400}")  # a Message-ID that a header of ours can carry


@dataclass(frozen=True)
class Thread:
    """Account and open ticket that a message belongs to, as far as they are known."""

    account: Account | None = None
    ticket: Ticket | None = None


def thread_of(message: Message) -> Thread:
    """Thread of a message: the ticket or account whose letter it answers; empty if it answers none."""
    answered = letter_of(keys_in(message.answers))
    if isinstance(answered, Step):
        return Thread() if _went_elsewhere(answered.account, answered.done_at) else Thread(answered.account)
    if answered is None or answered.ticket is None:
        return Thread()
    account, at = answered.ticket.account, answered.sent_at
    if _went_elsewhere(account, at):
        return Thread()
    return Thread(account, answered.ticket if answered.ticket.closed_at is None else None)


def _went_elsewhere(account: Account | None, sent_at: datetime | None) -> bool:
    """True if it lies in a mailbox that this account has left: then it leads to the account no more."""
    changed = Event.objects.filter(account=account, kind__in=ANOTHER_ADDRESS, at__gt=sent_at) if sent_at else None
    return bool(account and changed and changed.exists())


def letter_of(keys: Iterable[UUID]) -> Letter | Step | None:
    """The letter of ours with one of these keys: the desk's, or else one of the set-up's."""
    named = list(keys)
    if not named:
        return None
    letter = Letter.objects.filter(key__in=named).select_related("ticket__account").order_by("-pk").first()
    return letter or Step.objects.filter(key__in=named).select_related("account").order_by("-pk").first()


def keys_in(text: str) -> Iterable[UUID]:
    """Keys of letters of ours among these Message-IDs."""
    for found in re.findall(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", text)[-MOST:]:
        yield UUID(found)
