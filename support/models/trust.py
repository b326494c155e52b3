"""Trust repair: the apology owed to somebody after it works again, and people lost by our own fault.

An account repaired is not yet trust repaired.
"""

from django.db import models

from accounts.models import Account
from provisioning.models import Outage


class TrustRepair(models.Model):
    """Harm that one person took in one incident, and the apology that is owed for it.

    Never read from the account's status.
    """

    class Level(models.TextChoices):
        NONE = "none", "nothing"
        AUTOMATIC = "automatic", "an automatic note"
        PERSONAL = "personal", "a note from a person"

    class State(models.TextChoices):
        NOT_NEEDED = "not_needed", "not needed"
        OWED = "owed", "owed"
        SENT = "sent", "sent"
        ANSWERED = "answered", "answered"
        CLOSED_SILENT = "closed_silent", "closed, no answer"

    class Answer(models.TextChoices):
        YES = "yes", "yes"
        NOT_YET = "not_yet", "not yet"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    outage = models.ForeignKey(Outage, null=True, on_delete=models.SET_NULL, related_name="+")
    incident = models.CharField(max_length=40, help_text="“outage 12”, or “alone”: what the apology is for.")
    level = models.CharField(max_length=9, choices=Level.choices)
    state = models.CharField(max_length=13, choices=State.choices)
    harms = models.JSONField(help_text="Minutes waited, attempts, untrue sentences, …")
    reasons = models.JSONField(default=list, help_text="Which of them made it this level.")
    ready_at = models.DateTimeField(help_text="Since when it has worked.")
    opened_at = models.DateTimeField()
    words = models.TextField(blank=True, help_text="The draft, or what was sent.")
    draft = models.TextField(blank=True, help_text="As it was drafted automatically.")
    restitution = models.TextField(blank=True)
    actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField(null=True)
    follow_up_on = models.DateTimeField(null=True)
    followed_up_at = models.DateTimeField(null=True)
    followed_up_with = models.CharField(max_length=12, blank=True)
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "incident"], name="one_apology_a_person_and_incident"),
            models.CheckConstraint(
                condition=~models.Q(state="not_needed") | models.Q(level="none"), name="what_is_owed_is_needed"
            ),
        ]
        indexes = [models.Index(fields=["state", "opened_at"], condition=models.Q(closed_at=None), name="trust_open")]

    def __str__(self):
        return f"{self.get_state_display()}: {self.account_id}, {self.incident}"


class Lost(models.Model):
    """Person lost by our own fault: never came back, or had everything deleted. Holds nothing personal."""

    class How(models.TextChoices):
        SILENT = "silent", "never came back"
        DELETED = "deleted", "had everything deleted"

    outage = models.ForeignKey(Outage, null=True, on_delete=models.SET_NULL, related_name="+")
    how = models.CharField(max_length=8, choices=How.choices)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "people we lost"

    def __str__(self):
        return f"{self.get_how_display()} {self.at:%d %b %Y}"
