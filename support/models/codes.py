"""Recovery codes, which open the desk's second factor without the app."""

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account


class RecoveryCode(models.Model):
    """Single-use recovery code for the second factor, kept as a keyed hash of its 98 random bits."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account"], condition=models.Q(used_at=None), name="recovery_codes_left")]

    def __str__(self):
        return f"a recovery code of {self.account_id}"
