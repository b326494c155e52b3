"""Post-mortem questions to the owner about the causes of each outage, and about each month.

Asked by the sweep, answered with a name and a date, or growing old.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from provisioning.engine import faults
from provisioning.models import Outage
from support.models import Question, the_desk
from support.models.reviews import check_cause
from support.reviews.impact import Toll

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
BATCH = 50


def ask(now: datetime) -> None:
    """Periodic job: put the questions of each outage, and of the month that is over."""
    unasked = Outage.objects.filter(~Exists(Question.objects.filter(outage=OuterRef("pk"))))
    faults.batch(
        unasked.order_by("-began_at"),
        lambda outage: _put([Question(outage=outage, key=key, asked_at=now) for key in OF_AN_OUTAGE]),
        "asking why this outage happened",
        BATCH,
    )
    month = month_before(now.astimezone(the_desk().zone).date())
    if Outage.objects.filter(began_at__date__gte=month).exists():
        _put([Question(month=month, key=key, asked_at=now) for key in OF_A_MONTH])


def month_before(day: date) -> date:
    """First day of the month before this day's."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    """First day of the month after this one."""
    return (month + timedelta(days=32)).replace(day=1)


def _put(questions: list[Question]) -> None:
    Question.objects.bulk_create(questions, ignore_conflicts=True)


@dataclass(frozen=True)
class Asked:
    """A question as the page shows it."""

    row: Question
    words: str
    age: int  # days it has been without an answer; 0 once it has one
    form: forms.Form


def asked(question: Question, toll: Toll, now: datetime, form: forms.Form | None = None) -> Asked:
    """A question with its words, its age, and a form for the answer."""
    facts = {"dependency": question.outage.dependency_id if question.outage else "", **vars(toll)}
    words = {**OF_AN_OUTAGE, **OF_A_MONTH}.get(question.key, question.key)
    age = 0 if question.answered_at else (now - question.asked_at).days
    return Asked(question, str(words).format(**facts), age, form or AnswerForm(prefix=str(question.pk)))


class AnswerForm(forms.Form):
    """Form for the answer to a question: a choice, words, a name and a date."""

    choice = forms.ChoiceField(label=_("Answer"), choices=Question.Choice.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In words"), widget=forms.Textarea(attrs={"rows": 2}), required=False, validators=[check_cause]
    )
    who = forms.CharField(label=_("Who"), max_length=80)
    by = forms.DateField(label=_("By when"), widget=forms.DateInput(attrs={"type": "date"}))


def answer(question: Question, given: dict, now: datetime) -> None:
    """Save the answer to a question.

    “Don't know yet” is an answer for the day it was given; the question stays open and keeps its age.
    """
    open_ = given["choice"] == Question.Choice.UNKNOWN
    Question.objects.filter(pk=question.pk).update(**given, answered_at=None if open_ else now)
