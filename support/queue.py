"""The queue: a ticket for everybody to whom a person owes an answer, closed when it is not owed any more."""

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from accounts.models import Account, Event, Voice
from accounts.status import Status
from support.models import Ticket

BATCH = 500


def open_ticket(account: Account | None, email: str, why: str) -> Ticket:
    """The open ticket of this person, made if there is none: a second message joins the first."""
    ticket = Ticket(account=account, email=email, why=why)
    Ticket.objects.bulk_create([ticket], ignore_conflicts=True)
    whose = {"account": account} if account else {"account": None, "email": email}
    return Ticket.objects.get(closed_at=None, **whose)


def take_over_given_up() -> None:
    """Open a ticket for each account on which the machine gave up."""
    has_one = Ticket.objects.filter(account=OuterRef("pk"), closed_at=None)
    given_up = Account.objects.filter(~Exists(has_one), status=Status.FAILED)
    for account in given_up.order_by("status_at")[:BATCH]:
        open_ticket(account, account.email, Ticket.Why.GAVE_UP)


def close_healed() -> None:
    """Close the tickets that were opened because the machine gave up, once the account is active after all."""
    healed = Ticket.objects.filter(
        closed_at=None, why=Ticket.Why.GAVE_UP, account__status=Status.ACTIVE
    ).select_for_update(of=["self"], skip_locked=True)
    with transaction.atomic():
        for ticket in healed[:BATCH]:
            close(ticket, "The account became active.")


def close(ticket: Ticket, because: str, actor: Account | None = None) -> None:
    ticket.closed_at, ticket.closed_because = Now(), because
    ticket.save(update_fields=["closed_at", "closed_because"])
    if ticket.account_id:
        Event.objects.create(
            account_id=ticket.account_id,
            voice=Voice.SUPPORT,
            kind="ticket.closed",
            detail=because,
            actor=actor,
        )
