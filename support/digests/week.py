"""Weekly digest to the owner: questions that wait, what was accepted for the third time, apologies not yet made."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse

from provisioning.humanize import say_span
from provisioning.models import Outage
from support.business_hours import next_open
from support.models import Desk, Question
from support.models.reviews import accepted, in_words
from support.trust.apologies import words_owed

AFTER = 8  # o'clock on Monday, by the desk's clock
MADE_UNTIL = timedelta(days=2)  # a worker may have been away
OFTEN = 3
A_DAY = timedelta(days=1)
MOST = 12  # lines of one kind


def monday_of(now: datetime, desk: Desk) -> date | None:
    """The Monday whose digest may be written now; None on the other days."""
    local = now.astimezone(desk.zone)
    monday = local.date() - timedelta(days=local.weekday())
    begins = datetime.combine(monday, datetime.min.time(), desk.zone) + timedelta(hours=AFTER)
    return monday if begins <= now < begins + MADE_UNTIL else None


def facts_now(desk: Desk, now: datetime) -> dict:
    """Facts of the weekly digest at this moment; `any` is False where nothing waits for the owner."""
    facts = {
        "questions": [*_of_outages(desk, now), *_of_months(now)][:MOST],
        "accepted": list(_accepted_again(now))[:MOST],
        "owed": _owed(now),
        "no_hours": next_open(now, desk.schedule()) is None,
    }
    return facts | {"desk": desk.name, "any": any(facts.values())}


def _of_outages(desk: Desk, now: datetime) -> Iterator[str]:
    waiting = Question.objects.filter(answered_at=None, outage__isnull=False).values("outage")
    counted = {row["outage"]: row for row in waiting.annotate(number=Count("pk"), since=Min("asked_at"))}
    for outage in Outage.objects.filter(pk__in=counted).order_by("began_at"):
        when = outage.began_at.astimezone(desk.zone)
        what = f"{outage.dependency_id} was down, {when:%-d %B, %H:%M}"
        yield _line(what, counted[outage.pk], reverse("admin:why_outage", args=[outage.pk]), now)


def _of_months(now: datetime) -> Iterator[str]:
    waiting = Question.objects.filter(answered_at=None, month__isnull=False).values("month")
    rows: Iterable[dict[str, Any]] = map(dict, waiting.annotate(number=Count("pk"), since=Min("asked_at")))
    for row in sorted(rows, key=lambda row: row["month"]):
        month: date = row["month"]
        yield _line(f"{month:%B %Y}", row, reverse("admin:why_month", args=[month.year, month.month]), now)


def _line(what: str, row: Mapping[str, Any], path: str, now: datetime) -> str:
    questions = "1 question" if row["number"] == 1 else f"{row['number']} questions"
    return f"{what}: {questions}, for {say_span(now - row['since'])}. {settings.SITE_URL}{path}"


def _accepted_again(now: datetime) -> Iterator[str]:
    """Answers of the last week that were “we accept it” for the third time or more."""
    week = Question.objects.filter(choice=Question.Choice.ACCEPT, answered_at__gt=now - timedelta(days=7))
    for question in week.select_related("outage").order_by("answered_at"):
        of = question.outage.dependency_id if question.outage else ""
        times = accepted(question.key, of).index(question) + 1
        if times >= OFTEN:
            yield f"“{in_words(question)}” {question.who} accepted it, for the {_ordinal(times)} time."


def _ordinal(number: int) -> str:
    return {3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}.get(number, f"{number}th")


def _owed(now: datetime) -> str:
    late = words_owed().filter(opened_at__lt=now - A_DAY)
    oldest, number = late.first(), late.count()
    if oldest is None:
        return ""
    people = "1 person has" if number == 1 else f"{number} people have"
    return f"{people} been owed a personal note for up to {say_span(now - oldest.opened_at)}. " + (
        f"{settings.SITE_URL}{reverse('admin:words')}"
    )
