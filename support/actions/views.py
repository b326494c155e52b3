"""View for staff actions: permission, idempotency key, stale-page check, then run; and the forms that lead to it."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Account
from provisioning.dispatch import kick
from support.actions import actions, authorization, kept_input, undo
from support.actions.page_state import (
    Seen,
    refuse_second_press,
    refuse_stale,
    seal,
    state_of,
    state_of_incident,
    state_of_selected,
    unseal,
    unseal_old,
)
from support.actions.registry import ACTIONS, StaffAction, Subject
from support.diagnosis.facts import facts_of
from support.diagnosis.findings import diagnose
from support.forms import faults_of
from support.models import Incident, Recovery, Ticket
from support.tickets.queue import open_ticket_of


def page_of(request, name) -> str:
    """Page on which the form of a staff action stands."""
    try:
        return _back(request, unseal_old(request.POST.get("seen", "")))
    except signing.BadSignature:
        return reverse("admin:index")


@kept_input.on(page_of)
@require_POST
def press(request, name):
    """Run the staff action `name` for its form; a refusal becomes a message, and what was typed is kept."""
    action = ACTIONS.get(name)
    if action is None:
        raise Http404
    if not request.user.has_perm(action.permission):
        raise PermissionDenied(_not_offered(action))
    try:
        seen = unseal(request.POST.get("seen", ""), request.user)
    except signing.SignatureExpired:
        _refuse(request, _("Not done: that page was too old. Please look again."))
        return redirect(page_of(request, name))
    except signing.BadSignature as error:
        raise SuspiciousOperation("a form that this desk did not make") from error
    done = _carry_out(request, name, action, seen)
    return redirect(_back(request, seen, done))


def _carry_out(request, name: str, action: StaffAction, seen: Seen) -> bool:
    """Validate the form and run the action; false if it was refused, and then what was typed is kept."""
    form = action.form(request.POST)
    if not form.is_valid():
        _refuse(request, faults_of(form))
        return False
    try:
        subject = _do(name, action, seen, request.user, form.cleaned_data)
    except actions.Refused as refusal:
        _refuse(request, _("Not done: %(why)s") % {"why": refusal})
        return False
    if action.kicks and subject.account:
        kick(subject.account)
    if name == "reply":
        undo.remember(request, seen.key)
    if subject.letters:
        undo.put_words_back(request, subject)
    messages.success(request, str(action.done))
    return True


def _refuse(request, why: str) -> None:
    """Say why nothing was done, and keep what was typed together with that."""
    messages.error(request, why)
    kept_input.keep(request, why)


def _do(name: str, action: StaffAction, seen: Seen, actor: Account, words: dict) -> Subject:
    with transaction.atomic():
        subject = _lock(seen)
        refuse_second_press(seen, name)
        if not action.in_any_state:
            refuse_stale(seen, subject.state)
        if name not in _offered(subject, actor):
            raise PermissionDenied(_not_offered(action))
        action.do(subject, actor, words, seen)
    return subject


def _offered(subject: Subject, actor: Account) -> list[str]:
    if subject.incident:
        return authorization.of_incident(actor, subject.incident)
    if subject.recovery:
        return authorization.on_selected(actor, subject.recovery)
    if subject.letters:
        return authorization.on_reply(actor, subject.letters)
    if subject.account:
        return authorization.on_person(actor, diagnose(facts_of(subject.account)), subject.account, subject.ticket)
    return authorization.on_stranger(actor, subject.ticket) if subject.ticket else []


def _not_offered(action: StaffAction) -> str:
    return _("Nothing was done: “%(act)s” isn't available to you here. Please look again.") % {"act": action.label}


def _lock(seen: Seen) -> Subject:
    """Rows a form is about as they are now, locked until the action is done. Raises Refused if they are gone."""
    try:
        if "incident" in seen.state:
            incident = Incident.objects.select_for_update().get(pk=seen.state["incident"])
            return Subject(state_of_incident(incident), incident=incident)
        if "selected" in seen.state:
            recovery = Recovery.objects.select_for_update().get(pk=seen.state["selected"], incident=None)
            return Subject(state_of_selected(recovery), recovery=recovery)
        if "reply" in seen.state:
            return undo.lock(seen.state["reply"])
        account = _locked(Account, seen.state["account"])
        ticket = _locked(Ticket, seen.state["ticket"]) or open_ticket_of(account)
        return Subject(state_of(account, ticket), account=account, ticket=ticket)
    except ObjectDoesNotExist as error:
        raise actions.Refused(actions.GONE) from error


def _locked(model, pk):
    return model.objects.select_for_update().get(pk=pk) if pk else None


def _back(request, seen: Seen, done: bool = False) -> str:
    """Redirect target: the account's page, or the dashboard, there on to the next ticket once this one is done.

    What was refused leads back to the person it was for, also if their ticket is closed by now.
    """
    account, ticket = seen.state.get("account"), seen.state.get("ticket")
    if "reply" in seen.state:  # taken back: its ticket is the one to go on with
        return _of_ticket(ticket)
    if request.POST.get("back") == "person" and _is_there(Account, account):
        return reverse("admin:accounts_account_change", args=[account])
    if done or not ticket:
        return reverse("admin:index")
    closed = not Ticket.objects.filter(pk=ticket, closed_at=None).exists()
    if closed and _is_there(Account, account):
        return reverse("admin:accounts_account_change", args=[account])
    return _of_ticket(ticket)


def _of_ticket(pk: int | None) -> str:
    return f"{reverse('admin:index')}?ticket={pk}"


def _is_there(model, pk) -> bool:
    return bool(pk) and model.objects.filter(pk=pk).exists()


def buttons(
    user: Account, state: Any, names: list[str], again: kept_input.Typed, draft: str = "", **proposed
) -> list[dict]:
    """Forms for these actions, each with a signed state of its own and what was typed in it before.

    `names` come from actions/authorization.py; `draft` is of a reply, `proposed` values are of other fields.
    """
    found = []
    for name in names:
        action = ACTIONS[name]
        mine = again.into(action.form, kept_input.place(reverse("admin:press", args=[name]), state))
        initial = {"reason": action.reason, "body": draft, "draft": draft, **proposed, **mine}
        form = action.form(initial=initial, auto_id=f"{name}_%s", label_suffix="")
        sealed = seal(state, user)
        found.append({"name": name, "label": action.label, "form": form, "seen": sealed, "typed": bool(mine)})
    return found
