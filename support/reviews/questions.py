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
from support.models.reviews import OF_A_MONTH, OF_AN_OUTAGE, accepted, check_cause, in_words
from support.reviews.impact import Toll, toll_of

BATCH = 50
MOST_OUTAGES = 20  # that a bill adds up


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
class Bill:
    """Cost of having accepted it before: the days on which it was, and the impact of the outages since."""

    days: tuple[date, ...]
    outages: int
    toll: Toll


@dataclass(frozen=True)
class Asked:
    """A question as the page shows it."""

    row: Question
    words: str
    age: int  # days it has been without an answer; 0 once it has one
    form: forms.Form
    bill: Bill | None = None


def bill_of(question: Question, now: datetime) -> Bill | None:
    """Bill for a question to which “we accept it” was the answer before; None if it never was."""
    of = question.outage.dependency_id if question.outage else ""
    before = [row for row in accepted(question.key, of) if row.answered_at and row.answered_at < question.asked_at]
    if not before:
        return None
    desk = the_desk()
    outages = Outage.objects.filter(began_at__gt=before[0].answered_at, **({"dependency": of} if of else {}))
    since = list(outages.order_by("-began_at")[:MOST_OUTAGES])
    days = tuple(row.answered_at.astimezone(desk.zone).date() for row in before if row.answered_at)
    return Bill(days, len(since), toll_of(since, desk.schedule(), now))


def asked(question: Question, toll: Toll, now: datetime, form: forms.Form | None = None) -> Asked:
    """A question with its words, its age, and a form for the answer."""
    age = 0 if question.answered_at else (now - question.asked_at).days
    bill = None if question.answered_at else bill_of(question, now)
    form = form or AnswerForm(prefix=str(question.pk))
    return Asked(question, in_words(question, **vars(toll)), age, form, bill)


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
