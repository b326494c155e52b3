"""The audit log of an account ("the diary"): append-only lines in three voices."""

from collections.abc import Iterable

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Voice(models.TextChoices):
    """Actor of a diary line: the person, the system, or support."""

    THEY = "they", _("they")
    WE = "we", _("we")
    SUPPORT = "support", _("support")


class Event(models.Model):
    """One line of the audit log: what they did and were shown, what we did, what support did. Never changed."""

    account = models.ForeignKey("accounts.Account", null=True, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254, blank=True, help_text="What was typed, where no account is.")
    at = models.DateTimeField(db_default=Now())
    voice = models.CharField(max_length=8, choices=Voice.choices)
    kind = models.CharField(max_length=60)
    shown = models.CharField(max_length=60, blank=True, help_text="Key of the sentence they were shown.")
    detail = models.TextField(blank=True)
    actor = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["account", "at"]),
            models.Index(fields=["address", "at"], condition=~models.Q(address=""), name="typed_addresses"),
        ]

    def __str__(self):
        return f"{self.voice}: {self.kind}"


def write_diary(events: Iterable[Event]) -> None:
    """Append lines to the audit log, with one INSERT."""
    Event.objects.bulk_create(events)
