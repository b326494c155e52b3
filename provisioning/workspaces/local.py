"""Local workspace backend (`local:`): a row in our own database, written when its step is settled."""

from collections.abc import Iterator

from provisioning.models import Step, Workspace


def create(step: Step, url: str) -> str:
    """The account's id as reference: nothing else is to be made."""
    return str(step.account_id)


def listed(url: str) -> Iterator[str]:
    """Ids of the accounts that have a row."""
    rows = Workspace.objects.filter(backend="local").order_by("pk").values_list("account_id", flat=True)
    return (str(account_id) for account_id in rows.iterator(chunk_size=2000))
