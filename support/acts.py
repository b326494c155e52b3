"""What the support person may do. Each act only makes work due, by the road everybody takes."""

from django.db import transaction

from accounts.models import Account, Event, Voice
from accounts.signup import ask_for_repair
from provisioning.kick import kick


def recover(account: Account, actor: Account, reason: str) -> None:
    """Fresh tries for everything that is still owed, now. What is done is not done again."""
    with transaction.atomic():
        ask_for_repair(account)
        Event.objects.create(account=account, voice=Voice.SUPPORT, kind="recovered", detail=reason, actor=actor)
    kick(account)
