"""Post-mortem reviews: questions to the owner on the causes of an outage, each answered with a name and a date."""

from django.core.exceptions import ValidationError
from django.db import models

from provisioning.models import Outage

NO_CAUSE = ("human error", "operator error", "user error", "someone made a mistake", "somebody made a mistake")


def check_cause(words: str) -> None:
    """Validator that refuses “human error” as a cause."""
    if any(excuse in words.lower() for excuse in NO_CAUSE):
        raise ValidationError(
            "“Human error” isn't a cause; it's where the questions start. What made the mistake easy, and what let "
            "one mistake affect so many people?"
        )


class Question(models.Model):
    """One question of a review, about one outage or (with a month) about the month. Unanswered, it shows its age."""

    class Choice(models.TextChoices):
        DO = "do", "we'll do this"
        ACCEPT = "accept", "we accept it as it is"
        UNKNOWN = "unknown", "we don't know yet"

    outage = models.ForeignKey(Outage, null=True, on_delete=models.CASCADE, related_name="+")
    month = models.DateField(null=True, help_text="Its first day.")
    key = models.CharField(max_length=30)
    asked_at = models.DateTimeField()
    choice = models.CharField(max_length=8, choices=Choice.choices, blank=True)
    words = models.TextField(blank=True, validators=[check_cause])
    who = models.CharField(max_length=80, blank=True)
    by = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outage", "key"], condition=models.Q(month=None), name="one_question_an_outage"
            ),
            models.UniqueConstraint(
                fields=["month", "key"], condition=models.Q(outage=None), name="one_question_a_month"
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at=None)
                | (~models.Q(choice="") & ~models.Q(who="") & ~models.Q(by=None)),
                name="an_answer_has_a_name_and_a_date",
            ),
        ]

    def __str__(self):
        return self.key
