"""Post-mortem reviews: questions to the owner on the causes of an outage, each answered with a name and a date."""

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from provisioning.models import Outage

OF_AN_OUTAGE = {
    "needed": _("Why does sign-up need {dependency} at that point? Who decided that, and is it still right?"),
    "known": _("What did we know before it happened, and who knew it?"),
    "reach": _("Why could one failure affect {people} people?"),
    "alone": _("Why is there only one person at the desk, and what happens when she's ill?"),
    "accepted": _("Which earlier answer was “we accept it”, and who's paying for it now?"),
}
OF_A_MONTH = {
    "by_hand": _("Which things done by hand ({by_hand} in these outages) could have been automatic?"),
    "lost": _("Who did we lose through our own fault ({lost} that we know of), and what would have kept them?"),
    "promise": _("What does the sales page promise that one person can't keep?"),
    "ill": _("Who does this work in the week when nobody is there?"),
}
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


def in_words(question: Question, **facts) -> str:
    """A question in words; `facts` are numbers of its outages."""
    words = {**OF_AN_OUTAGE, **OF_A_MONTH}.get(question.key, question.key)
    named = defaultdict(lambda: "some", facts, dependency=question.outage.dependency_id if question.outage else "")
    return str(words).format_map(named)


def accepted(key: str, dependency: str = "") -> list[Question]:
    """Answers “we accept it” to this question, oldest first: about outages of a dependency, else about months."""
    same = {"outage__dependency": dependency} if dependency else {"outage": None}
    rows = Question.objects.filter(key=key, choice=Question.Choice.ACCEPT, answered_at__isnull=False, **same)
    return list(rows.select_related("outage").order_by("answered_at"))
