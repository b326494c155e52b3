"""Ticket queue: tickets are opened, closed, reopened, snoozed, and refreshed for their priority.

There is one for everybody to whom a person owes an answer, closed when it is not owed any more.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from accounts.database.clock import due, long_ago
from accounts.models import DOORS, Account, Event, EventKind, Voice
from accounts.status import UNFINISHED, Status
from provisioning.engine import faults
from provisioning.intake.backfill import given_up_later
from provisioning.models import Step
from provisioning.unknown_kinds import counted
from support.diagnosis.findings import PASSWORD_KNOWN_BY
from support.models import Affected, Promise, Ticket

BATCH = 500
REFRESH_EVERY = timedelta(seconds=20)
ASLEEP_AT_MOST = timedelta(days=7)
CAME_BACK = [kind for kind, door in DOORS.items() if door in ("log-in", "sign-up")]
LOOK_BACK = timedelta(days=1)
REFRESHING = "looking up what decides when it is this ticket's turn"
UNTRUE = ("login.unknown",)  # said of an address that has an account


def open_ticket(account: Account | None, email: str, why: str) -> Ticket:
    """The open ticket of this person, made if there is none: a second message joins the first, and wakes it."""
    shut = account is not None and locked_out().filter(pk=account.pk).exists()
    ticket = Ticket(account=account, email=email, why=why, locked_out=shut)
    Ticket.objects.bulk_create([ticket], ignore_conflicts=True)
    whose = {"account": account} if account else {"account": None, "email": email}
    ticket = Ticket.objects.get(closed_at=None, **whose)
    if why == Ticket.Why.WROTE and (ticket.why != why or ticket.asleep_since):
        Ticket.objects.filter(pk=ticket.pk).update(why=why, **AWAKE)
        ticket.refresh_from_db()
    return ticket


def open_ticket_of(account: Account | None) -> Ticket | None:
    """Open ticket of an account, if there is one."""
    return Ticket.objects.filter(account=account, closed_at=None).first() if account else None


def locked_out() -> QuerySet[Account]:
    """Accounts whose holders cannot get in: set-up is unfinished, or they typed another password when they came back.

    A suspended one is shut on purpose.
    """
    doors = Event.objects.filter(account=OuterRef("pk"), kind__in=PASSWORD_KNOWN_BY).order_by("-at", "-pk")
    rows = Account.objects.filter(is_active=True).alias(last=Subquery(doors.values("kind")[:1]))
    return rows.filter(Q(status__in=UNFINISHED) | Q(last=EventKind.SIGNED_UP_WITH_OTHER_PASSWORD))


def take_over_given_up() -> None:
    """Open a ticket for each account on which the machine gave up, or on a step that it came to be owed later."""
    later = without_ticket_since().filter(counted()).values("account")
    for theirs in (failed_without_ticket(), _without_ticket().filter(pk__in=later)):
        faults.batch(
            theirs.order_by("status_at"),
            lambda account: open_ticket(account, account.email, Ticket.Why.GAVE_UP),
            "asking a person about this account",
            BATCH,
        )


def failed_without_ticket() -> QuerySet[Account]:
    """Accounts on which the machine gave up, and of which no ticket is open."""
    return _without_ticket().filter(status=Status.FAILED)


def _without_ticket() -> QuerySet[Account]:
    open_ones = Ticket.objects.filter(account=OuterRef("pk"), closed_at=None)
    return Account.objects.filter(~Exists(open_ones), canary=False)


def without_ticket_since() -> QuerySet[Step]:
    """Steps that came to be owed to the active and were given up, and for which no ticket was opened since."""
    had_one = Ticket.objects.filter(account=OuterRef("account"), opened_at__gte=OuterRef("failed_at"))
    return given_up_later().filter(~Exists(had_one))


GIVEN_UP = [failed_without_ticket, without_ticket_since]


def close_healed() -> None:
    """Close the tickets that were opened because the machine gave up, once the account is active after all."""
    owed = given_up_later().filter(counted(), account=OuterRef("account"))
    locked = of_active_accounts().filter(~Exists(owed)).select_for_update(of=["self"], skip_locked=True)
    faults.batch(locked, partial(close, because="The account became active."), "closing this ticket", BATCH)


def of_active_accounts() -> QuerySet[Ticket]:
    """Open tickets of accounts that the machine gave up, and that are active by now."""
    return Ticket.objects.filter(closed_at=None, why=Ticket.Why.GAVE_UP, account__status=Status.ACTIVE)


def close(ticket: Ticket, because: str, actor: Account | None = None) -> None:
    """Close a ticket, with an entry in the audit log of its account."""
    ticket.closed_at, ticket.closed_because = Now(), because
    ticket.save(update_fields=["closed_at", "closed_because"])
    if ticket.account_id:
        Event.objects.create(
            account_id=ticket.account_id,
            voice=Voice.SUPPORT,
            kind=EventKind.TICKET_CLOSED,
            detail=because,
            actor=actor,
        )


def reopen(ticket: Ticket, since: datetime) -> None:
    """Reopen a ticket whose answer never arrived: it is still owed, and so is what was promised.

    Promises that were kept after `since` are open again.
    """
    theirs = {"account": ticket.account_id} if ticket.account_id else {"account": None, "email": ticket.email}
    if not Ticket.objects.filter(closed_at=None, **theirs).exists():
        Ticket.objects.filter(pk=ticket.pk).update(closed_at=None, closed_because="", **AWAKE)
    if not Promise.objects.filter(ticket=ticket, kept_at=None, broken_at=None).exists():
        Promise.objects.filter(ticket=ticket, kept_at__gte=since).update(kept_at=None)


def wake() -> None:
    """Wake snoozed tickets whose time has come, or whose account has changed where they wait for that."""
    faults.together(due_to_wake(), lambda tickets: tickets.update(**AWAKE), "waking this ticket")


def due_to_wake() -> QuerySet[Ticket]:
    """Snoozed tickets whose time has come."""
    changed = Q(wakes_on=Ticket.Wake.CHANGE, account__status_at__gt=F("asleep_since"))
    asleep = Ticket.objects.filter(closed_at=None, asleep_since__isnull=False)
    return asleep.filter(changed | due("asleep_until", ASLEEP_AT_MOST))


AWAKE: dict = {"asleep_since": None, "asleep_until": None, "wakes_on": ""}


def refresh() -> None:
    """Bring what decides the priority up to date, for those whose turn it is: the cost is one batch."""
    awake = faults.without_resting(stale(), REFRESHING)
    pks = list(awake.order_by("facts_at").values_list("pk", flat=True)[:BATCH])
    if pks:
        faults.together(Ticket.objects.filter(pk__in=pks), refresh_these, REFRESHING)


def stale() -> QuerySet[Ticket]:
    """Open tickets of which it was long not looked up what decides when it is their turn."""
    return Ticket.objects.filter(long_ago("facts_at", REFRESH_EVERY), closed_at=None)


def refresh_these(tickets: QuerySet[Ticket]) -> None:
    """Bring what decides the priority of these tickets up to date, in two statements."""
    theirs = Event.objects.filter(account=OuterRef("account_id"), voice=Voice.THEY).order_by().values("account")
    back = theirs.filter(kind__in=CAME_BACK, at__gt=OuterRef("opened_at") - LOOK_BACK, account__status__in=UNFINISHED)
    tickets.filter(account__isnull=False).update(
        came_back=Coalesce(Subquery(back.annotate(n=Count("pk")).values("n")), 0),
        here_at=Subquery(theirs.annotate(last=Max("at")).values("last")),
        needed_by=Subquery(Account.objects.filter(pk=OuterRef("account_id")).values("needed_by")),
        untrue=Exists(theirs.filter(shown__in=UNTRUE)),
        locked_out=Exists(locked_out().filter(pk=OuterRef("account_id"))),
    )
    promised = Promise.objects.filter(ticket=OuterRef("pk"), kept_at=None).order_by("due")
    tickets.update(facts_at=Now(), promised_for=Subquery(promised.values("due")[:1]))


def waiting() -> QuerySet[Ticket]:
    """Tickets in the queue: open, not snoozed, not with the owner.

    Nor those of an open incident's people, unless they wrote.
    """
    touched = Affected.objects.filter(account=OuterRef("account"), incident__closed_at=None)
    alone = Q(why=Ticket.Why.WROTE) | ~Exists(touched)
    return Ticket.objects.filter(alone, closed_at=None, asleep_since=None, handed_over_at=None)
