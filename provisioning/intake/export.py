"""Export of an account's set-up, for its owner (settings.ON_EXPORT): steps, letters, tries, workspace, calls."""

from typing import Any

from accounts.models import Account
from accounts.profile.export import rows
from provisioning.models import Attempt, Errand, Step, Workspace

STEP = (
    *("kind", "occasion", "state", "attempts", "created_at", "due_at", "done_at", "failed_at", "error", "reference"),
    *("pay_by", "facts"),
)
ERRAND = ("kind", "dependency", "state", "attempts", "created_at", "done_at", "facts")


def of_account(account: Account) -> dict[str, Any]:
    """What the set-up has about an account."""
    attempts = Attempt.objects.filter(step__account=account)
    return {
        "steps_and_letters": rows(Step.objects.filter(account=account), *STEP),
        "tries": rows(attempts, "step__kind", "outcome", "error", "ended_at", "seconds"),
        "workspace": rows(Workspace.objects.filter(account=account), "backend", "reference", "created_at"),
        "told_to_services": rows(Errand.objects.filter(account=account.pk), *ERRAND),
    }
