"""Tickets, and the messages in them."""

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account


class Ticket(models.Model):
    """A person is owed an answer by a person. At most one open ticket for an account."""

    class Why(models.TextChoices):
        GAVE_UP = "gave_up", "the machine gave up"
        WROTE = "wrote", "they wrote to us"

    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254, help_text="Where the answer goes.")
    why = models.CharField(max_length=8, choices=Why.choices)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(closed_at=None, account__isnull=False),
                name="one_open_ticket_an_account",
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(closed_at=None, account=None),
                name="one_open_ticket_a_stranger",
            ),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=models.Q(closed_at=None), name="open_tickets")]

    def __str__(self):
        return f"#{self.pk} {self.get_why_display()}: {self.email}"


class Message(models.Model):
    """One message from a person, waiting to be looked at until `read_at` (by the machine) is set."""

    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    body = models.TextField()
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, help_text="When the machine began the repair.")
    settled_at = models.DateTimeField(null=True, help_text="When it became a ticket or needed none.")

    class Meta:
        indexes = [models.Index(fields=["at"], condition=models.Q(settled_at=None), name="messages_to_settle")]

    def __str__(self):
        return f"{self.email}: {self.body[:60]}"
