"""Errands to the workspace service: the end of a deleted account's workspace, and details that were put right.

A deletion is a debt like any other: tried until it is paid, whatever is down meanwhile. It knows the account's id and
nothing else.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.database.clock import database_now
from accounts.models import Account, Event, EventKind
from provisioning.errands import diary
from provisioning.errands.kinds import ErrandKind
from provisioning.exceptions import NOT_OWED, Held, StepFailed
from provisioning.models import Errand, State, Step, Workspace
from provisioning.workspaces import WORKSPACE, backend_name, http

READER = "workspace details"
CHANGES = (
    EventKind.CHANGED_DETAILS,
    EventKind.CHOSE_PASSWORD,  # and name and company with it, where a stranger may have signed up
    EventKind.MOVED_ADDRESS,
    EventKind.CORRECTED_ADDRESS,
    EventKind.CORRECTED_COMPANY,
)
SERVICES = ("http", "https")
LONGEST_CALL = timedelta(seconds=30)  # from the connection to the last byte of an answer (workspaces/http.py)
LOOK_AGAIN = timedelta(seconds=30)
CLAIMED = Q(epoch__gt=0)  # at least once, so it may have been sent; tries are given back, an epoch is not


def owe_deletion(account: Account) -> None:
    """Owe the end of an account's workspace, in the transaction that deletes the account (settings.ON_DELETION).

    Also where we know of none: its reply may have been lost. While a PUT may be under way, the end waits for it.
    What a service said of the person goes with the person.
    """
    updates = Errand.objects.filter(account=account.pk, kind="workspace.update")
    steps = Step.objects.of_setup().filter(account=account, kind="workspace")
    under_way = steps.filter(leased=True).exists() or updates.filter(CLAIMED, state=State.OPEN).exists()
    updates.delete()
    Errand.objects.filter(account=account.pk).update(error="", reference="")
    made = Workspace.objects.filter(account=account, backend__in=SERVICES).exists()
    if made or (backend_name() in SERVICES and steps.filter(CLAIMED).exists()):
        errand = Errand(
            account=account.pk,
            kind="workspace.delete",
            occasion=f"{'canary' if account.canary else 'deleted'} {account.pk}",
            dependency=WORKSPACE,
            due_at=Now() + (_longest_try() if under_way else timedelta(0)),
        )
        Errand.objects.owe(errand)


def _longest_try() -> timedelta:
    """How long after its claim the call of a step may end (engine/loop.py: `_perform`)."""
    return settings.SETUP_LEASE / 4 + LONGEST_CALL


def fetch_changes() -> None:
    """Owe the service the details of those who have a workspace there and put something right (settings.CHORES)."""
    if backend_name() in SERVICES and changes().exists():
        diary.read(READER, changes, _owed_for)


def changes() -> QuerySet[Event]:
    """Unread lines by which a name, a company or an address was changed, of accounts that may have a workspace."""
    begun = Step.objects.of_setup().filter(account=OuterRef("account"), kind="workspace")
    return diary.unread(READER, CHANGES).filter(Exists(begun.filter(CLAIMED)))


def _owed_for(lines: Sequence[Event]) -> Iterable[Errand]:
    for line in lines:
        if line.account_id:
            occasion = diary.occasion_of(READER, line)
            yield Errand(account=line.account_id, kind="workspace.update", occasion=occasion, dependency=WORKSPACE)


def _delete(errand: Errand) -> str:
    _check_service("ended")
    return http.delete(errand.account, errand.key, settings.WORKSPACE_URL)


def _update(errand: Errand) -> str:
    """Put the details as they are now; where the workspace is still to be made, that does it."""
    account = Account.objects.filter(pk=errand.account).first()
    if account is None:
        raise StepFailed("they have deleted everything", failure=NOT_OWED, permanent=True)
    step = Step.objects.of_setup().filter(account=account, kind="workspace").first()
    if step and step.state != State.DONE and step.leased:
        raise Held("the workspace is just being made", database_now() + LOOK_AGAIN)
    if step and step.state != State.DONE:
        return ""
    _check_service("put right")
    return http.update(account, errand.key, settings.WORKSPACE_URL)


def _check_service(what: str) -> None:
    if backend_name() not in SERVICES:
        raise StepFailed(f"WORKSPACE_URL names no service any more, by which a workspace can be {what}")


KINDS = {
    "workspace.delete": ErrandKind(_delete, WORKSPACE),
    "workspace.update": ErrandKind(_update, WORKSPACE),
}
