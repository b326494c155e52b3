"""Authorisation of staff actions: those that are open to a user, for a subject, now.

A page offers these, and a press asks again. Three things decide: the user's permissions, what the diagnosis offers,
and whether the subject is staff, too.
"""

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.status import UNFINISHED, Status
from provisioning.models import Step
from support.actions.actions import may_touch
from support.actions.registry import ACTIONS, ON_ACCOUNT, ON_TICKET
from support.diagnosis.findings import Finding
from support.models import Affected, Incident, Letter, Recovery, Ticket

SEE_PEOPLE, SEE_TICKETS, SEE_INCIDENTS = "accounts.view_account", "support.view_ticket", "support.view_incident"


def on_person(user: Account, finding: Finding, account: Account, ticket: Ticket | None) -> list[str]:
    """Actions on an account: the suggested one first, its alternatives, then those on its open ticket, if any."""
    if not may_touch(user, account):
        return []
    open_ = ticket is not None and ticket.closed_at is None
    names = [finding.act, *finding.alternatives]
    names = [name for name in names if open_ or name not in ON_TICKET]
    always = [name for name in ON_ACCOUNT if account.status != Status.ACTIVE or not ACTIONS[name].while_unfinished]
    return _permitted(user, [*names, *(ON_TICKET if open_ else ()), *always], SEE_PEOPLE)


def on_stranger(user: Account, ticket: Ticket) -> list[str]:
    """Actions on a ticket whose writer has no account."""
    if ticket.closed_at or not may_touch(user, ticket.account):
        return []
    return _permitted(user, [*ON_TICKET, "link_account"], SEE_TICKETS)


def on_reply(user: Account, letters: list[Letter]) -> list[str]:
    """Actions on a reply of their own that waits in the outbox."""
    is_own = bool(letters) and all(letter.author_id == user.pk for letter in letters)
    return _permitted(user, ["undo_reply"] if is_own else [], SEE_TICKETS)


def on_selected(user: Account, recovery: Recovery) -> list[str]:
    """Actions on the recovery of people who were selected in a list."""
    return _permitted(user, ["stop_selected"] if recovery.ended_at is None else [], SEE_PEOPLE)


def on_incident(user: Account, *, stuck: bool, running: bool) -> list[str]:
    """Actions on an incident while people are stuck in it: stop the running recovery, or else start one."""
    names = ["stop_recovery" if running else "recover_all"] if stuck else []
    return _permitted(user, names, SEE_INCIDENTS)


def refuse_the_house(user: Account, account: Account | None) -> None:
    """Raise PermissionDenied if the account is one of staff and the user no superuser (see may_touch)."""
    if not may_touch(user, account):
        raise PermissionDenied(_("Nothing was done. Only a superuser can help people who use the desk."))


def _permitted(user: Account, names, to_see: str) -> list[str]:
    if not user.has_perm(to_see):
        return []
    return [name for name in dict.fromkeys(names) if name in ACTIONS and user.has_perm(ACTIONS[name].permission)]


def unpaid(account, dependency):
    """Set-up steps that this dependency still owes this account; either may be an OuterRef."""
    return Step.objects.of_setup().unpaid().filter(account=account, dependency=dependency)


def of_incident(user: Account, incident: Incident) -> list[str]:
    """Actions on an incident, read anew from the database: the same as its card offers."""
    theirs = Affected.objects.filter(incident=incident, account__status__in=UNFINISHED)
    stuck = theirs.filter(Exists(unpaid(OuterRef("account"), incident.dependency))).exists()
    running = Recovery.objects.filter(incident=incident, ended_at=None).exists()
    return on_incident(user, stuck=stuck and incident.closed_at is None, running=running)
