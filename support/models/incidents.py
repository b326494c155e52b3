"""Incidents: a failure of one service and everybody it affected, and their bulk recovery.

One thing on the desk, however many people.
"""

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account
from provisioning.models import Outage


class Incident(models.Model):
    """Failure of one service, opened before anybody writes. At most one is open for a service."""

    dependency = models.CharField(max_length=40)
    failure = models.CharField(max_length=40, help_text="Its class: refused, timeout, server error, …")
    error = models.TextField()
    outage = models.ForeignKey(Outage, null=True, on_delete=models.SET_NULL, related_name="+")
    began_at = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, help_text="When the service was working again.")
    closed_at = models.DateTimeField(null=True, help_text="When nobody was stuck any longer.")
    next_news_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dependency"], condition=models.Q(closed_at=None), name="one_open_incident_a_service"
            )
        ]
        indexes = [models.Index(fields=["dependency", "closed_at"])]

    def __str__(self):
        return f"{self.dependency} {self.failure} since {self.began_at:%d %b %H:%M}"


class Affected(models.Model):
    """One person affected by one incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True, help_text="When we decided to tell them.")

    class Meta:
        verbose_name_plural = "affected"
        constraints = [models.UniqueConstraint(fields=["incident", "account"], name="each_person_once")]
        indexes = [
            models.Index(fields=["incident"], condition=models.Q(told_at=None), name="who_is_owed_a_notice"),
        ]

    def __str__(self):
        return f"{self.account_id} in {self.incident_id}"


class Recovery(models.Model):
    """Bulk recovery, of an incident's people or of those selected in a list: first one, then five, then the rest.

    It is watched by the sweep.
    """

    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+")
    actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField()
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "recoveries"
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=models.Q(ended_at=None), name="one_recovery_at_a_time"
            )
        ]

    def __str__(self):
        return f"recovery of {self.incident_id or 'selected people'} since {self.began_at:%H:%M}"


class Turn(models.Model):
    """One person's turn in a bulk recovery, and its outcome."""

    class Outcome(models.TextChoices):
        WAITING = "", "waiting"
        ASKED = "asked", "being set up"
        WELL = "well", "recovered"
        FAILED = "failed", "failed again"

    recovery = models.ForeignKey(Recovery, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=8, blank=True, choices=Outcome.choices)
    asked_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recovery", "account"], name="one_turn_each")]
        indexes = [models.Index(fields=["recovery", "outcome"])]

    def __str__(self):
        return f"{self.account_id}: {self.get_outcome_display()}"
