"""Onboarding of the desk: the agent's name, working hours and time zone, asked for once."""

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.middleware.preferences import DEFAULT_ZONE_IS, browser_zone, zones
from accounts.models import Account
from support.models import Desk, the_desk
from support.models.desk import HOURS_HELP, OFFICE, WEEKDAYS, check_hours


class IntroductionForm(forms.Form):
    """Form for what people are told about the desk: a name, the hours of a working day, a time zone."""

    name = forms.CharField(
        label=gettext_lazy("Your name, as people see it"),
        max_length=80,
        help_text=gettext_lazy("Like “Jordan”: they'll read “Jordan will answer by noon tomorrow”."),
    )
    hours = forms.CharField(
        label=gettext_lazy("When you're here, Monday to Friday"),
        max_length=80,
        validators=[check_hours],
        help_text=HOURS_HELP,
        initial=OFFICE,
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("In which time zone"), choices=lambda: [(name, name) for name in zones()]
    )


def urls(site):
    """URL pattern of the view, for the desk's site."""
    return [path("introduction/", site.admin_view(introduce), name="introduce_desk")]


def is_due(user: Account, desk: Desk) -> bool:
    """True if the agent should be asked: nobody has answered or put it off, and the desk is as it was made."""
    as_made = desk.name == Desk._meta.get_field("name").default
    return as_made and desk.introduced_at is None and user.has_perm("support.change_desk")


def introduce(request):
    """Save name, hours and zone; “not now” only notes that it was asked."""
    if "later" in request.POST:
        Desk.objects.filter(pk=the_desk().pk).update(introduced_at=timezone.now())
        return redirect("admin:index")
    here = {"name": request.user.name, "time_zone": browser_zone(request) or the_desk().time_zone}
    form = IntroductionForm(request.POST or None, initial=here)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        week = dict.fromkeys(WEEKDAYS[:5], given["hours"])
        facts = {"name": given["name"], "time_zone": given["time_zone"], "introduced_at": timezone.now()}
        Desk.objects.filter(pk=the_desk().pk).update(**facts, **week)
        cache.delete(DEFAULT_ZONE_IS)
        messages.success(request, _("Thank you. Promises to people now keep to your hours."))
        return redirect("admin:index")
    shown = {"title": _("Before people write to you"), "form": form}
    return render(request, "admin/introduction.html", admin.site.each_context(request) | shown)
