"""Admin actions of the lists of people and tickets: recover the selected people, put their tickets aside.

Each is confirmed on a page that names the people, and asks for its permission where it is done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account
from support.actions import actions, authorization
from support.actions.page_state import seal, unseal
from support.actions.registry import ACTIONS
from support.diagnosis.facts import facts_of_all, open_incidents, services_now
from support.diagnosis.findings import diagnose
from support.incidents import bulk_recovery
from support.models import Press, Ticket

MOST = 100  # people of one press: as many as one can read before one confirms


@dataclass(frozen=True)
class Bulk:
    """One admin action: the staff action it does for each, `choose` whom it may do it for, and `do`."""

    act: str
    label: str | Promise
    explained: str | Promise
    choose: Callable
    do: Callable


def recover_selected(modeladmin, request, queryset):
    """Recover the selected people: one first, then five, then the rest."""
    return _confirmed(modeladmin, request, queryset, RECOVER)


def put_aside_selected(modeladmin, request, queryset):
    """Put the selected people's open tickets aside."""
    return _confirmed(modeladmin, request, queryset, PUT_ASIDE)


def of_list(request) -> dict:
    """Admin actions of a list, for `get_actions`: those open to this user. What is posted asks for its permission."""
    offered = ((recover_selected, RECOVER), (put_aside_selected, PUT_ASIDE))
    open_ = [(function, bulk) for function, bulk in offered if request.method == "POST" or _may(request.user, bulk)]
    return {function.__name__: (function, function.__name__, bulk.label) for function, bulk in open_}


def _may(user: Account, bulk: Bulk) -> bool:
    return user.has_perms([ACTIONS[bulk.act].permission, authorization.SEE_PEOPLE, authorization.SEE_TICKETS])


def _confirmed(modeladmin, request, queryset, bulk: Bulk):
    """Confirmation page of an admin action, and then the action itself, for those who were named on it."""
    if not _may(request.user, bulk):
        raise PermissionDenied(_("Nothing was done. You may not do this to people."))
    form_class = ACTIONS[bulk.act].form
    if "confirmed" not in request.POST:
        return _page(modeladmin, request, queryset, bulk, form_class(initial={"reason": ACTIONS[bulk.act].reason}))
    form = form_class(request.POST)
    if not form.is_valid():
        return _page(modeladmin, request, queryset, bulk, form)
    return _carry_out(request, queryset, bulk, form.cleaned_data)


def _page(modeladmin, request, queryset, bulk: Bulk, form: forms.Form):
    chosen, left_out = bulk.choose(request.user, queryset)
    named = [str(row.pk) for row, _name in chosen]
    context = modeladmin.admin_site.each_context(request) | {
        "title": bulk.label,
        "explained": bulk.explained,
        "chosen": chosen,
        "left_out": left_out,
        "form": form,
        "seen": seal({bulk.act: named}, request.user),
        "action": request.POST.get("action", ""),
        "selected": request.POST.getlist("_selected_action"),
        "opts": modeladmin.opts,
        "too_many": queryset[: MOST + 1].count() > MOST,
        "most": MOST,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)


def _carry_out(request, queryset, bulk: Bulk, words: dict):
    """Do it once, for whom the page named and for whom it still may be done."""
    try:
        seen = unseal(request.POST.get("seen", ""), request.user)
        named = set(seen.state[bulk.act])
    except (signing.BadSignature, KeyError) as error:
        raise SuspiciousOperation("a form that this desk did not make") from error
    with transaction.atomic():
        _press, first = Press.objects.get_or_create(key=seen.key, defaults={"act": f"{bulk.act} selected"})
        chosen, _left_out = bulk.choose(request.user, queryset)
        rows = [row for row, _name in chosen if str(row.pk) in named]
        if first and rows:
            bulk.do(rows, request.user, words)
    if not first:
        messages.error(request, _("Not done: that button was pressed already."))
    elif rows:
        done = ngettext("Done for %(n)s person.", "Done for %(n)s people.", len(rows)) % {"n": len(rows)}
        messages.success(request, f"{done} {ACTIONS[bulk.act].done}")
    if first and len(rows) < len(named):
        messages.warning(
            request, _("Left out, for whom it changed meanwhile: %(n)s.") % {"n": len(named) - len(rows)}
        )
    return redirect(request.get_full_path())


def _people(queryset) -> list[Account]:
    """Accounts of a selection of people or of tickets."""
    rows = list(queryset.select_related("account")[:MOST] if queryset.model is Ticket else queryset[:MOST])
    accounts = [row.account if isinstance(row, Ticket) else row for row in rows]
    return list({account.pk: account for account in accounts if account}.values())


def _to_recover(user: Account, queryset) -> tuple[list, list]:
    """People for whom Recover is offered to this user, and those for whom it is not, with the reason."""
    people = _people(queryset)
    known = facts_of_all(people, services=services_now(), incidents=list(open_incidents()))
    chosen, left_out = [], []
    for account in people:
        finding = diagnose(known[account.pk])
        if "recover" in authorization.on_person(user, finding, account, None):
            chosen.append((account, f"{account.name}, {account.email}"))
        else:
            left_out.append((f"{account.name}, {account.email}", finding.sentence))
    return chosen, left_out


def _to_put_aside(user: Account, queryset) -> tuple[list, list]:
    """Open tickets that this user may put aside, and those that not."""
    if queryset.model is Ticket:
        tickets = list(queryset.select_related("account")[:MOST])
    else:
        people = [account.pk for account in _people(queryset)]
        tickets = list(Ticket.objects.filter(account__in=people, closed_at=None).select_related("account"))
    chosen, left_out = [], []
    for ticket in tickets:
        name = f"#{ticket.pk} {ticket.account.name if ticket.account else ticket.email}"
        if ticket.closed_at is None and authorization.may_touch(user, ticket.account):
            chosen.append((ticket, name))
        else:
            left_out.append((name, _("It is closed.") if ticket.closed_at else _("A superuser helps them.")))
    return chosen, left_out


def _recover(accounts: list[Account], actor: Account, words: dict) -> None:
    bulk_recovery.begin_selected([account.pk for account in accounts], actor, words["reason"])


def _put_aside(tickets: list[Ticket], actor: Account, words: dict) -> None:
    until = timezone.now() + timedelta(hours=words["hours"])
    for ticket in Ticket.objects.select_for_update().filter(pk__in=[ticket.pk for ticket in tickets]):
        actions.put_aside(ticket, actor, words["reason"], words["wakes_on"], until)


RECOVER = Bulk(
    "recover",
    gettext_lazy("Recover selected people"),
    gettext_lazy("One person first, then five, then the rest. It stops by itself when two of the last five fail."),
    _to_recover,
    _recover,
)
PUT_ASIDE = Bulk(
    "put_aside",
    gettext_lazy("Put aside"),
    gettext_lazy(
        "Their open tickets leave the queue, and come back by themselves. An answer always brings one back."
    ),
    _to_put_aside,
    _put_aside,
)


class Actionable(admin.ModelAdmin):
    """Mixin for a list with these actions, for those who may."""

    def get_actions(self, request):
        return of_list(request)
