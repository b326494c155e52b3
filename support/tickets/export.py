"""Export of what somebody and the support wrote to each other, for the owner of the account (settings.ON_EXPORT)."""

from typing import Any

from django.db.models import Q

from accounts.models import Account
from accounts.profile.export import rows
from support.models import Letter, Message, Promise, Ticket, TrustRepair

MESSAGE = ("email", "sender", "subject", "body", "whole", "at")
LETTER = ("to", "subject", "body", "written_at", "sent_at")
TICKET = ("email", "why", "opened_at", "closed_at", "closed_because", "needed_by")
WORD = ("state", "words", "restitution", "opened_at", "sent_at", "answer")


def of_account(account: Account) -> dict[str, Any]:
    """What was written, where the address is proven: before, it may have been written by somebody else.

    The desk's notes are its own, and not in here.
    """
    if account.mailbox_proven_at is None:
        return {"not_included": "Messages from your address: confirm the address first."}
    theirs = Q(account=account) | Q(email=account.email)
    tickets = Ticket.objects.filter(theirs)
    return {
        "messages": rows(Message.objects.filter(Q(email=account.email) | Q(sender=account.email)), *MESSAGE),
        "answers": rows(Letter.objects.filter(to=account.email), *LETTER),
        "tickets": rows(tickets, *TICKET),
        "promised_times": rows(Promise.objects.filter(theirs), "email", "made_at", "due", "kept_at", "broken_at"),
        "words": rows(TrustRepair.objects.filter(account=account), *WORD),
        "not_included": "Notes that our support keeps for itself: ask us for them.",
    }
