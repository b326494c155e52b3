"""Retention: rows that are deleted so many days after they are over, and those of them that the front door keeps.

Nothing is deleted where no days are named (RETENTION_DAYS). What is not over yet stays, whatever its age.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Event, MailboxLink, SignupClaim

BATCH = 1000


class Kept(NamedTuple):
    """Rows that may be deleted when they are old: which, and by the age of which column.

    `in_order`: all of the table, which is only appended to, so that the oldest have the lowest keys: no index is
    needed to find them.
    """

    rows: Callable[[], QuerySet[Any]]
    at: str
    in_order: bool = False

    def delete_batch(self, days: int) -> int:
        """Delete one batch of those that are older. Returns how many."""
        rows = self.rows()
        if self.in_order:
            rows = rows.filter(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]))
        old = rows.filter(**{f"{self.at}__lt": Now() - timedelta(days=days)})
        keys = list(old.order_by(self.at).values_list("pk", flat=True)[:BATCH])
        rows.model._default_manager.filter(pk__in=keys).delete()
        return len(keys)


def _answered() -> QuerySet[SignupClaim]:
    """Sign-ups whose owner is owed no letter about them."""
    return SignupClaim.objects.filter(letter_owed=False)


TABLES = {
    "diary": Kept(Event.objects.all, "at", in_order=True),
    "sign_ups": Kept(_answered, "seen_at"),
    "links": Kept(MailboxLink.objects.all, "expires_at"),
}
