"""View for staff actions: permission, idempotency key, stale-page check, then run; and the table of all actions.

ACTIONS names them all; REASONS are the reasons that their forms propose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import Account
from provisioning.dispatch import kick
from support.actions import actions, authorization, kept_input
from support.actions.page_state import Seen, changes, seal, state_of, state_of_incident, unseal, unseal_old
from support.diagnosis.facts import facts_of
from support.diagnosis.findings import diagnose
from support.forms import ActForm, AddressForm, LetInForm, PutAsideForm, ReplyForm
from support.models import Incident, Press, Ticket
from support.tickets import queue


@dataclass(frozen=True)
class Subject:
    """Rows that an action is about, locked for its duration, and their state."""

    state: Any
    account: Account | None = None
    ticket: Ticket | None = None
    incident: Incident | None = None


@dataclass(frozen=True)
class StaffAction:
    """One staff action: `do(subject, actor, words, seen)` runs it, `done` is the message afterwards.

    `words` is the cleaned data of `form`. With `kicks` the engine starts on the account at once.
    """

    label: str | Promise
    do: Callable[[Subject, Account, dict, Seen], object]
    done: str | Promise
    form: type[forms.Form] = ActForm
    kicks: bool = False


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
    deed = ACTIONS.get(name)
    if deed is None:
        raise Http404
    if not request.user.has_perm(authorization.PERMISSION[name]):
        raise PermissionDenied(_not_offered(deed))
    try:
        seen = unseal(request.POST.get("seen", ""), request.user)
    except signing.SignatureExpired:
        messages.error(request, _("Not done: that page was too old. Look again."))
        kept_input.keep(request)
        return redirect(page_of(request, name))
    except signing.BadSignature as error:
        raise SuspiciousOperation("a form that this desk did not make") from error
    done = _carry_out(request, name, deed, seen)
    return redirect(_back(request, seen, done))


def _carry_out(request, name: str, deed: StaffAction, seen: Seen) -> bool:
    """Validate the form and run the action; false if it was refused, and then what was typed is kept."""
    form = deed.form(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        kept_input.keep(request)
        return False
    try:
        subject = _do(name, deed, seen, request.user, form.cleaned_data)
    except actions.Refused as refusal:
        messages.error(request, _("Not done: %(why)s") % {"why": refusal})
        kept_input.keep(request)
        return False
    if deed.kicks and subject.account:
        kick(subject.account)
    messages.success(request, str(deed.done))
    return True


def _do(name: str, deed: StaffAction, seen: Seen, actor: Account, words: dict) -> Subject:
    with transaction.atomic():
        subject = _lock(seen)
        _press, first = Press.objects.get_or_create(key=seen.key, defaults={"act": name})
        if not first:
            raise actions.Refused(_("that button was pressed already."))
        if different := changes(seen.state, subject.state):
            raise actions.Refused(_("since you looked: %(what)s. Look again.") % {"what": "; ".join(different)})
        if name not in _offered(subject, actor):
            raise PermissionDenied(_not_offered(deed))
        deed.do(subject, actor, words, seen)
    return subject


def _offered(subject: Subject, actor: Account) -> list[str]:
    if subject.incident:
        return authorization.of_incident(actor, subject.incident)
    if subject.account:
        return authorization.on_person(actor, diagnose(facts_of(subject.account)), subject.account, subject.ticket)
    return authorization.on_stranger(actor, subject.ticket) if subject.ticket else []


def _not_offered(deed: StaffAction) -> str:
    return _("Nothing was done: “%(act)s” is not offered to you here. Look again.") % {"act": deed.label}


def _lock(seen: Seen) -> Subject:
    """Rows a form is about as they are now, locked until the action is done. Raises Refused if they are gone."""
    try:
        if "incident" in seen.state:
            incident = Incident.objects.select_for_update().get(pk=seen.state["incident"])
            return Subject(state_of_incident(incident), incident=incident)
        account = _locked(Account, seen.state["account"])
        ticket = _locked(Ticket, seen.state["ticket"]) or open_ticket_of(account)
        return Subject(state_of(account, ticket), account=account, ticket=ticket)
    except (Incident.DoesNotExist, Account.DoesNotExist, Ticket.DoesNotExist) as error:
        raise actions.Refused(_("it does not exist any more.")) from error


def _locked(model, pk):
    return model.objects.select_for_update().get(pk=pk) if pk else None


def open_ticket_of(account: Account | None) -> Ticket | None:
    """Open ticket of an account, if there is one."""
    return Ticket.objects.filter(account=account, closed_at=None).first() if account else None


def _back(request, seen: Seen, done: bool = False) -> str:
    """Redirect target: the account's page, or the dashboard, there on to the next ticket once this one is done."""
    account, ticket = seen.state.get("account"), seen.state.get("ticket")
    if request.POST.get("back") == "person" and account:
        return reverse("admin:accounts_account_change", args=[account])
    return reverse("admin:index") + (f"?ticket={ticket}" if ticket and not done else "")


def _let_in(subject, actor, words, seen):
    pay_by = timezone.now() + timedelta(days=words["days"])
    actions.let_in(subject.account, actor, words["reason"], pay_by)


def _put_aside(subject, actor, words, seen):
    until = timezone.now() + timedelta(hours=words["hours"])
    actions.put_aside(subject.ticket, actor, words["reason"], words["wakes_on"], until)


def _reply(subject, actor, words, seen):
    draft, closes = words["draft"], words["then_close"]
    actions.reply(subject.ticket, actor, words["body"], draft, seen.key, then_close=closes)


def _correct_address(subject, actor, words, seen):
    actions.correct_address(subject.account, actor, words["reason"], words["email"])


def _on_account(act: Callable) -> Callable:
    return lambda subject, actor, words, seen: act(subject.account, actor, words["reason"])


def _once_on_account(act: Callable) -> Callable:
    return lambda subject, actor, words, seen: act(subject.account, actor, words["reason"], seen.key)


def _on_ticket(act: Callable) -> Callable:
    return lambda subject, actor, words, seen: act(subject.ticket, actor, words["reason"])


def _on_incident(act: Callable) -> Callable:
    return lambda subject, actor, words, seen: act(subject.incident, actor, words["reason"])


t = gettext_lazy
ACTIONS: dict[str, StaffAction] = {
    "recover": StaffAction(
        t("Recover"), _on_account(actions.recover), t("It is being set up again now."), kicks=True
    ),
    "let_in": StaffAction(t("Let in with debt"), _let_in, t("They are in; the rest is still owed."), LetInForm),
    "send_link": StaffAction(
        t("Send the way in"),
        _once_on_account(actions.send_link),
        t("The letter that says how to get in is on its way."),
    ),
    "correct_address": StaffAction(
        t("Put the address right"),
        _correct_address,
        t("The welcome letter goes to the new address."),
        AddressForm,
        kicks=True,
    ),
    "vouch": StaffAction(
        t("Vouch, and start a reset"), _once_on_account(actions.vouch), t("They get a letter for a new password.")
    ),
    "end_sessions": StaffAction(
        t("Log them out everywhere"),
        _on_account(actions.end_sessions),
        t("They are logged out everywhere. Their password still works."),
    ),
    "reply": StaffAction(t("Send"), _reply, t("Your reply is on its way."), ReplyForm),
    "put_aside": StaffAction(t("Put aside"), _put_aside, t("It comes back by itself."), PutAsideForm),
    "hand_over": StaffAction(t("Hand to the owner"), _on_ticket(actions.hand_over), t("The owner has it.")),
    "mark_abusive": StaffAction(t("Hide or show their words"), _on_ticket(actions.mark_abusive), t("Done.")),
    "close": StaffAction(
        t("Close"),
        _on_ticket(lambda ticket, actor, reason: queue.close(ticket, reason, actor)),
        t("The ticket is closed."),
    ),
    "recover_all": StaffAction(
        t("Recover everybody"),
        _on_incident(actions.recover_all),
        t("One person first, then five, then the rest. It stops by itself when two of the last five fail."),
    ),
    "stop_recovery": StaffAction(
        t("Stop"), _on_incident(actions.stop_recovery), t("Stopped. Whoever is under way goes on.")
    ),
}
REASONS = {
    "recover": t("Tried again by hand"),
    "let_in": t("They need to get in before it is all done"),
    "send_link": t("They could not get in"),
    "correct_address": "",
    "vouch": "",
    "end_sessions": "",
    "put_aside": t("Waiting"),
    "hand_over": "",
    "mark_abusive": t("Not for reading twice"),
    "close": t("Answered"),
    "recover_all": t("The service works again"),
    "stop_recovery": t("I want to look first"),
}


def buttons(user: Account, state: Any, names: list[str], again: kept_input.Typed, draft: str = "") -> list[dict]:
    """Forms for these actions, each with a signed state of its own and what was typed in it before.

    `names` come from actions/authorization.py.
    """
    found = []
    for name in names:
        deed = ACTIONS[name]
        mine = again.into(deed.form, kept_input.place(reverse("admin:press", args=[name]), state))
        initial = {"reason": REASONS.get(name, ""), "body": draft, "draft": draft, **mine}
        form = deed.form(initial=initial, auto_id=f"{name}_%s", label_suffix="")
        sealed = seal(state, user)
        found.append({"name": name, "label": deed.label, "form": form, "seen": sealed, "typed": bool(mine)})
    return found
