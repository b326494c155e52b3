"""Views of the reading API: one account, for a machine of the product's."""

from typing import Any
from uuid import UUID

from django.http import JsonResponse

from accounts.models import Account
from accounts.status import Status
from product.api.tokens import for_machines
from product.machines import refusal
from provisioning.kinds import name_of
from provisioning.models import OWED, State, Step, Workspace
from provisioning.unknown_kinds import counted


@for_machines
def account(_request, account_id: str):
    """One account by its id: how far it is, what is owed, whether it may enter, and where its workspace is."""
    try:
        found = Account.objects.filter(pk=UUID(account_id)).first()
    except ValueError:
        found = None
    return JsonResponse(as_json(found)) if found else refusal(404, "there is no such account")


def as_json(account: Account) -> dict[str, Any]:
    """What a machine may know of an account. Names and address as its owner gave them; no password, no diary."""
    steps = list(Step.objects.of_setup().filter(counted(), account=account).order_by("pk"))
    reference = Workspace.objects.filter(account=account).values_list("reference", flat=True).first()
    return {
        "id": str(account.pk),
        "reference": account.reference,
        "status": account.status,
        "status_at": account.status_at.isoformat(),
        "created_at": account.created_at.isoformat(),
        "may_enter": account.is_active and account.status == Status.ACTIVE,
        "suspended": not account.is_active,
        "email": account.email,
        "email_verified": account.mailbox_proven_at is not None,
        "name": account.name,
        "company": account.company,
        "phone": account.phone,
        "language": account.language,
        "workspace": reference,
        "owed": [name_of(step.kind) for step in steps if step.state in OWED],
        "steps": [_step(step) for step in steps],
    }


def _step(step: Step) -> dict[str, Any]:
    open_ = step.state in OWED
    return {
        "kind": name_of(step.kind),
        "state": State(step.state).value,
        "done_at": step.done_at.isoformat() if step.done_at else None,
        "next_try_at": step.due_at.isoformat() if open_ and not step.leased else None,
    }
