"""One press for the word to everybody of an outage: each in their own draft, and to be taken back for a moment.

Whoever wrote and waits for a reply is left out: the apology is in the draft of that (trust/settled_by_reply.py).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Account, EventKind, write_diary
from provisioning.models import Outage
from support.models import Message, Ticket, TrustRepair, the_desk
from support.service_level.availability import OWN
from support.trust.apologies import follow_up_on, line_of, owe_words, words_now, words_owed

MOST = 1000


@dataclass(frozen=True)
class Group:
    """People of one outage who are owed a word, and what one press would send."""

    outage: Outage
    people: int
    sample: str  # the words to the first of them


def with_their_own_reply() -> QuerySet[Ticket]:
    """Tickets of people who wrote themselves and wait for a reply, which holds their apology."""
    own = Message.objects.filter(OWN, ticket=OuterRef("pk"), account=OuterRef("account"))
    return Ticket.objects.filter(Exists(own), why=Ticket.Why.WROTE, closed_at=None, asleep_since=None)


def _of_outages() -> QuerySet[TrustRepair]:
    asked = with_their_own_reply().filter(account=OuterRef("account"))
    return words_owed().filter(~Exists(asked), outage__isnull=False, account__is_staff=False)


def groups(now: datetime) -> list[Group]:
    """Outages of which at least two people are owed a word, the latest first."""
    found: dict[Outage, list[TrustRepair]] = {}
    for repair in _of_outages().select_related("outage", "account")[:MOST]:
        if repair.outage:
            found.setdefault(repair.outage, []).append(repair)
    desk = the_desk()
    several = [
        Group(outage, len(repairs), words_now(repairs[0], desk, now))
        for outage, repairs in found.items()
        if len(repairs) > 1
    ]
    return sorted(several, key=lambda group: group.outage.began_at, reverse=True)


def send(outage: Outage, actor: Account, now: datetime) -> int:
    """Send everybody of an outage the word they are owed, in UNDO_FOR. Returns to how many."""
    desk, ask_on = the_desk(), follow_up_on(now)
    with transaction.atomic():
        locked = _of_outages().filter(outage=outage).select_for_update(of=["self"], skip_locked=True)
        repairs = list(locked.select_related("account")[:MOST])
        for repair in repairs:
            repair.words = words_now(repair, desk, now)
            repair.state, repair.sent_at, repair.actor = TrustRepair.State.SENT, now, actor
            repair.follow_up_on = ask_on
        TrustRepair.objects.bulk_update(repairs, ["words", "state", "sent_at", "actor", "follow_up_on"])
        owe_words(repairs)
        write_diary(line_of(repair, EventKind.WORD_SENT, actor) for repair in repairs)
    return len(repairs)


def sent_by(outage: Outage, sent_at: datetime) -> QuerySet[TrustRepair]:
    """Notes that one press sent at this moment."""
    return TrustRepair.objects.filter(outage=outage, sent_at=sent_at)
