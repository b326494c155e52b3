"""Forgetting of a deleted account in what was learnt and said about services: evidence, outages, faults."""

from accounts.models import Account
from accounts.profile.deletion import blot_out
from provisioning.engine.settle import groups_of
from provisioning.models import Dependency, Fault, Outage


def forget(account: Account) -> None:
    """Forget who they are, wherever a failure of theirs was kept for all (settings.ON_DELETION)."""
    blot_out(account, Outage.objects.all(), "error")
    blot_out(account, Fault.objects.all(), "words")
    blot_out(account, Dependency.objects.all(), "error")
    groups = set(groups_of(account))
    for dependency in Dependency.objects.select_for_update().order_by("pk"):
        kept = _without(dependency.evidence, str(account.pk), groups)
        if kept != dependency.evidence:
            Dependency.objects.filter(pk=dependency.pk).update(evidence=kept)


def _without(evidence: dict, person: str, groups: set[str]) -> dict:
    """Evidence without this person's failures, and without suspicion of their company and mail domain."""
    row = {key: seen for key, seen in evidence.get("row", {}).items() if key != person}
    suspects = {group: at for group, at in evidence.get("suspects", {}).items() if group not in groups}
    return evidence | {name: kept for name, kept in (("row", row), ("suspects", suspects)) if name in evidence}
