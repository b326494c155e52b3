"""Notes of the desk on accounts, and saved replies: words that only the desk reads until it sends them."""

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from accounts.models import Account

PLACEHOLDERS = ("name", "next_try", "login")


def check_placeholders(text: str) -> None:
    """Validator: a saved reply names no facts but those we can fill in."""
    unknown = sorted(set(re.findall(r"\{(\w*)\}", text)) - set(PLACEHOLDERS))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValidationError(f"{{{unknown[0]}}} is nothing we can fill in. There are {known}.")


class Note(models.Model):
    """Note of the desk on an account, never shown to its holder."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.TextField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"note on {self.account_id}"


class SavedReply(models.Model):
    """Saved reply (canned response): its facts are filled in when it is put into a reply."""

    title = models.CharField(max_length=80, unique=True)
    body = models.TextField(
        validators=[check_placeholders],
        help_text="{name}, {next_try} and {login} are filled in. A sentence whose fact is not known is left out.",
    )

    class Meta:
        verbose_name_plural = "saved replies"
        ordering = ["title"]

    def __str__(self):
        return self.title
