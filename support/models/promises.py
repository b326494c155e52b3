"""Promised reply times (SLA): the moments by which people were told that they are answered."""

from django.db import models

from accounts.models import Account
from provisioning.models import Outage
from support.models.tickets import Ticket


class Promise(models.Model):
    """Reply time that was named to somebody. Open until answered; broken once it passes unanswered."""

    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    outage = models.ForeignKey(
        Outage, null=True, on_delete=models.SET_NULL, related_name="+", help_text="One outage counts as one thing."
    )
    said_in = models.CharField(max_length=80, help_text="The email or page that named the time.")
    made_at = models.DateTimeField()
    due = models.DateTimeField()
    kept_at = models.DateTimeField(null=True, help_text="When it was answered, in time or not.")
    broken_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When we told them ourselves that it wouldn't be kept.")
    instead_of = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(kept_at=None, broken_at=None, ticket__isnull=False),
                name="one_open_promise_a_ticket",
            ),
            models.CheckConstraint(condition=models.Q(due__gte=models.F("made_at")), name="never_due_in_the_past"),
        ]
        indexes = [
            models.Index(fields=["due"], condition=models.Q(kept_at=None), name="promises_open"),
            models.Index(fields=["ticket"], name="promises_of_a_ticket"),
        ]

    def __str__(self):
        return f"{self.email} by {self.due:%d %b %H:%M}"
