"""Outbox of the desk: e-mails are written here first and handed over by the sweep, never from a request."""

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account
from support.models.tickets import Ticket


class Letter(models.Model):
    """One outgoing e-mail of the desk: a reply, a word to a stranger, a note to staff."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Its Message-ID, the same for every try.")
    occasion = models.CharField(max_length=120, unique=True, help_text="Why we wrote it, once.")
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    to = models.EmailField(max_length=320)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    draft = models.TextField(blank=True, help_text="What the desk suggested.")
    answers = models.CharField(max_length=998, blank=True, help_text="The Message-ID it replies to.")
    automatic = models.BooleanField(default=True)
    written_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    not_after = models.DateTimeField(null=True, help_text="Untrue any later: then it isn't sent.")
    attempts = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0, db_default=0, help_text="Raised by each claim, never lowered.")
    error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(sent_at=None, given_up_at=None), name="letters_to_post"
            ),
            models.Index(fields=["ticket", "written_at"]),
        ]

    def __str__(self):
        return f"{self.subject} → {self.to}"

    @property
    def dependency(self) -> str:
        """Name of the dependency that carries it, as the engine asks for it."""
        return "mail"
