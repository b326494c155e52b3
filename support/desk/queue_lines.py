"""Lines of the queue: the account's status now, how long they have waited, and the act that is suggested."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.status import UNFINISHED, Status
from provisioning.engine import faults
from provisioning.models import Dependency
from support.actions.registry import ACTIONS
from support.diagnosis.facts import facts_of_all
from support.diagnosis.findings import Facts, diagnose
from support.models import Incident, Ticket

NOTHING_TO_PRESS = {
    "wait": gettext_lazy("wait, it is tried again by itself"),
    "answer": gettext_lazy("answer"),
    "ask": gettext_lazy("ask whether the address is right"),
    "read": gettext_lazy("read what happened first"),
}


def facts_by_account(
    tickets: Iterable[Ticket], services: Mapping[str, Dependency], incidents: Iterable[Incident]
) -> dict[UUID, Facts]:
    """Facts of all accounts on a page; of none if one of their rows cannot be read."""
    accounts = [ticket.account for ticket in tickets if ticket.account]
    known = list(incidents)
    return faults.read(lambda: facts_of_all(accounts, services=services, incidents=known), {})


def describe(tickets: Iterable, known: Mapping[UUID, Facts]) -> None:
    """Set `status_now`, `waits_since` and `suggested` of each ticket, for its line."""
    for ticket in tickets:
        account = ticket.account
        ticket.status_now = _status(ticket)
        waits = account is not None and account.status in UNFINISHED
        ticket.waits_since = account.created_at if waits else ticket.opened_at
        ticket.suggested = _suggested(known.get(account.pk) if account else None, ticket)


def _status(ticket: Ticket) -> str:
    if ticket.account is None:
        return _("no account")
    if not ticket.account.is_active:
        return _("suspended")
    return _("given up") if ticket.account.status == Status.FAILED else str(ticket.account.get_status_display())


def _suggested(facts: Facts | None, ticket: Ticket) -> str:
    if ticket.account is None:
        return str(NOTHING_TO_PRESS["answer"])
    act = diagnose(facts).act if facts else "read"
    return str(NOTHING_TO_PRESS[act] if act in NOTHING_TO_PRESS else ACTIONS[act].label)
