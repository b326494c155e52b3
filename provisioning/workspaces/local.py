"""Local workspace backend (`local:`): a row in our own database, written when its step is settled."""

from provisioning.models import Step


def create(step: Step, url: str) -> str:
    """The account's id as reference: nothing else is to be made."""
    return str(step.account_id)
