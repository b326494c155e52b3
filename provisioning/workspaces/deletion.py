"""Deletion of an account's schema and role in our own database, together with the account.

Rows go with the account; these do not.
"""

from django.db.models.signals import pre_delete
from django.dispatch import receiver

from accounts.models import Account
from provisioning.workspaces import postgres_schema


@receiver(pre_delete, sender=Account)
def remove_schema(sender, instance: Account, **_) -> None:
    """Signal handler: remove an account's schema before the account is deleted."""
    postgres_schema.remove(instance.pk)
