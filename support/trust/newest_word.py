"""The newest apology of an account, with what a page and a draft have to know of it: its level and its state."""

from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from accounts.models import Account
from support.models import Ticket, TrustRepair

NOT_ASKED = object()


def of_tickets() -> Subquery:
    """Annotation (`word`) for tickets, so that a page of them needs no query for each."""
    theirs = TrustRepair.objects.filter(account=OuterRef("account")).order_by("-pk")
    return Subquery(theirs.values(word=JSONObject(pk="pk", level="level", state="state"))[:1])


def newest_word(account: Account, ticket: Ticket | None) -> TrustRepair | None:
    """Newest trust repair of an account, as far as `of_tickets` knows it; read where the ticket is not annotated."""
    known: Any = getattr(ticket, "word", NOT_ASKED)
    if known is NOT_ASKED:
        return TrustRepair.objects.filter(account=account).only("level", "state").order_by("-pk").first()
    return TrustRepair(**known) if known else None


def sent_word(account: Account, ticket: Ticket | None) -> int | None:
    """Number of the newest apology, if it is a personal one and has been sent."""
    word = newest_word(account, ticket)
    is_spoken = word and word.level == TrustRepair.Level.PERSONAL and word.state != TrustRepair.State.OWED
    return word.pk if word and is_spoken else None
