"""Review pages for the owner: each outage and each month, its impact, and the questions it leaves."""

from datetime import date, datetime

from django.contrib import admin
from django.db.models import Count, Min, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from provisioning.humanize import say_span, say_when
from provisioning.models import Outage
from support.actions import kept_input
from support.labels import describe_failure
from support.models import Question, the_desk
from support.reviews import charts
from support.reviews.impact import (
    Toll,
    arrivals,
    first_to_notice,
    people_of,
    time_to_arrival,
    toll_of,
    touched_by,
    waiting_over_time,
)
from support.reviews.questions import AnswerForm, answer, asked, month_after

UNANSWERED = Q(answered_at=None)


def urls(site):
    """URL patterns of the reviews, for the desk's site."""
    view = site.admin_view
    return [
        path("why/", view(every), name="why"),
        path("why/outage/<int:pk>/", view(of_outage), name="why_outage"),
        path("why/month/<int:year>-<int:month>/", view(of_month), name="why_month"),
        path("why/answer/<int:pk>/", view(take_answer), name="why_answer"),
    ]


def every(request):
    """List of outages and months, with the number of their unanswered questions."""
    outages = Outage.objects.order_by("-began_at")[:50]
    unanswered = _unanswered("outage")
    context = {
        "outages": [
            (outage, describe_failure(outage.failure), unanswered.get(outage.pk), touched_by(outage).count())
            for outage in outages
        ],
        "months": sorted(_unanswered("month").items(), reverse=True),
    }
    return _page(request, "admin/why.html", _("Why did it happen?"), context)


def _unanswered(of: str) -> dict:
    """Number of unanswered questions, and since when, by outage or month."""
    rows = Question.objects.filter(**{f"{of}__isnull": False}).values(of)
    counted = rows.annotate(number=Count("pk", filter=UNANSWERED), oldest=Min("asked_at", filter=UNANSWERED))
    return {row[of]: row for row in counted}


def of_outage(request, pk, form: AnswerForm | None = None):
    """Review of one outage. `form`: an answer that was refused, shown again."""
    outage, now, desk = get_object_or_404(Outage, pk=pk), timezone.now(), the_desk()
    people = people_of(outage)
    toll = toll_of([outage], desk.schedule(), now)
    until = max([person.status_at for person in people] + [outage.ended_at or now])
    who, when = first_to_notice(outage, people)
    context = {
        "outage": outage,
        "toll": toll,
        "noticed": (who or _("us"), say_when(when, now, desk.zone)),
        "began": say_when(outage.began_at, now, desk.zone),
        "span": say_span((outage.ended_at or now) - outage.began_at),
        "ended": outage.ended_at and say_when(outage.ended_at, now, desk.zone),
        "questions": _asked(request, Question.objects.filter(outage=outage), toll, now, form),
        **_pictures(people, outage.began_at, until),
    }
    return _page(request, "admin/why_outage.html", _("Why did it happen?"), context)


def of_month(request, year, month, form: AnswerForm | None = None):
    """Review of one month: its outages added up. `form`: an answer that was refused, shown again."""
    first, now, desk = date(year, month, 1), timezone.now(), the_desk()
    begin, end = (datetime.combine(day, datetime.min.time(), desk.zone) for day in (first, month_after(first)))
    outages = list(Outage.objects.filter(began_at__range=(begin, end)).order_by("began_at"))
    tolls = [(outage, toll_of([outage], desk.schedule(), now)) for outage in outages]
    total = toll_of(outages, desk.schedule(), now)
    everybody = list(Account.objects.filter(created_at__range=(begin, end), is_staff=False, canary=False))
    context = {
        "month": first,
        "tolls": tolls,
        "toll": total,
        "questions": _asked(request, Question.objects.filter(month=first), total, now, form),
        **_pictures(everybody, begin, min(end, now)),
    }
    return _page(request, "admin/why_month.html", _("The month"), context)


def page_of(request, pk) -> str:
    """URL of the review that shows this question; the list, if it is gone."""
    question = Question.objects.filter(pk=pk).first()
    return _page_of(question) if question else reverse("admin:why")


@kept_input.on(page_of)
def take_answer(request, pk):
    """Save an answer and go back to its question; a refused one is shown again in its review."""
    question = get_object_or_404(Question, pk=pk)
    form = AnswerForm(request.POST, prefix=str(pk))
    if request.method == "POST" and form.is_valid():
        answer(question, form.cleaned_data, timezone.now())
        return redirect(f"{_page_of(question)}#question-{pk}")
    if question.outage_id:
        return of_outage(request, question.outage_id, form)
    assert question.month
    return of_month(request, question.month.year, question.month.month, form)


def _page_of(question: Question) -> str:
    if question.outage_id:
        return reverse("admin:why_outage", args=[question.outage_id])
    assert question.month
    return reverse("admin:why_month", args=[question.month.year, question.month.month])


def _asked(request, questions, toll: Toll, now: datetime, form: AnswerForm | None):
    """Questions of a review, with what was typed where an answer was refused or could not be taken."""
    rows, again = questions.select_related("outage").order_by("pk"), kept_input.again(request)
    return [asked(row, toll, now, _form_of(row, form, again)) for row in rows]


def _form_of(question: Question, refused: AnswerForm | None, again: kept_input.Typed) -> AnswerForm | None:
    prefix = str(question.pk)
    if refused and refused.prefix == prefix:
        return refused
    mine = again.into(AnswerForm, kept_input.place(reverse("admin:why_answer", args=[question.pk])), prefix)
    return AnswerForm(prefix=prefix, initial=mine) if mine else None


def _pictures(people: list[Account], begin: datetime, end: datetime) -> dict:
    came, zone = arrivals(people), the_desk().zone
    over_time, took = waiting_over_time(came, begin, end), time_to_arrival(came)
    rows = [(at.astimezone(zone), number) for at, number in over_time[1::2]]
    step = -(-len(rows) // 20) or 1  # some twenty rows are enough
    return {
        "waiting": charts.steps(_("People waiting, over time"), over_time, zone),
        "waiting_rows": rows[:-1:step] + rows[-1:],
        "took": charts.bars(_("People by how long it took them to get in"), took),
        "took_rows": took,
    }


def _page(request, template: str, title: str, context: dict):
    return render(request, template, admin.site.each_context(request) | {"title": title} | context)
