"""Idempotency keys of staff actions: buttons that were pressed."""

from django.db import models
from django.db.models.functions import Now


class Press(models.Model):
    """One press of a button, by its idempotency key.

    The key came with the page, so a second click finds the first.
    """

    key = models.UUIDField(primary_key=True)
    act = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "presses"

    def __str__(self):
        return f"{self.act} at {self.at:%H:%M}"
