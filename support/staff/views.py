"""Page of the staff of the desk, and the view that carries out its acts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as t
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from support.actions import kept_input
from support.actions.actions import GONE, Refused
from support.actions.page_state import Seen, Sight, refuse_second_press, refuse_stale, seal, unseal
from support.forms import ActForm, faults_of
from support.staff import acts
from support.staff.forms import InviteForm, ProofForm, RoleForm
from support.staff.members import SUPERUSER, Member, may_change, may_manage, members, refuse_unless_owner, staff

INVITE = "invite"
NOBODY: Sight = {"account": None, "ticket": None, INVITE: True}  # state of the form about somebody new


def _always(member: Member, actor: Account) -> str:
    return ""


def _role_stays(member: Member, actor: Account) -> str:
    return _("a superuser may do everything, whatever the role.") if member.role == SUPERUSER else ""


def _stays_in(member: Member, actor: Account) -> str:
    if member.account.pk == actor.pk:
        return _("nobody can suspend themselves.")
    return "" if member.account.is_active else _("they are suspended already.")


def _stays_out(member: Member, actor: Account) -> str:
    return _("they are not suspended.") if member.account.is_active else ""


def _keeps_the_app(member: Member, actor: Account) -> str:
    if member.account.pk == actor.pk:
        return _("for your own, log in with a recovery code and say there that the phone is lost.")
    return "" if member.second_step else _("they have no authenticator yet; the next log-in shows the QR code.")


def _needs_no_invitation(member: Member, actor: Account) -> str:
    if not member.account.is_active:
        return _("they are suspended.")
    return _("they have chosen a password already.") if member.has_come else ""


@dataclass(frozen=True)
class StaffAct:
    """One act on a member of staff. `why_not`: the sentence why it is not open to this user for them, or nothing."""

    label: str | Promise
    do: Callable[[Member, Account, UUID, dict], None]
    done: str | Promise
    why_not: Callable[[Member, Account], str] = _always
    form: type[forms.Form] = ActForm


ACTS: dict[str, StaffAct] = {
    "invite_again": StaffAct(
        t("Email the invitation again"),
        acts.invite_again,
        t("Another invitation to %(name)s is on its way. The link in the one before no longer works."),
        _needs_no_invitation,
    ),
    "role": StaffAct(
        t("Change the role"),
        acts.change_role,
        t("%(name)s has another role now."),
        _role_stays,
        RoleForm,
    ),
    "suspend": StaffAct(
        t("Suspend"),
        acts.suspend,
        t("%(name)s is suspended and logged out everywhere."),
        _stays_in,
    ),
    "let_back_in": StaffAct(
        t("Let back in"),
        acts.let_back_in,
        t("%(name)s can use the desk again."),
        _stays_out,
    ),
    "new_authenticator": StaffAct(
        t("Have them set up the authenticator again"),
        acts.new_authenticator,
        t("%(name)s is logged out everywhere. Their next log-in shows a QR code and new recovery codes."),
        _keeps_the_app,
        ProofForm,
    ),
}


def urls(site):
    """URL patterns of these views, wrapped in the admin site's access checks."""
    return [
        path("staff/", site.admin_view(page), name="staff"),
        path("staff/<slug:name>/", site.admin_view(press), name="staff_act"),
    ]


@require_safe
def page(request):
    """Page of all who may use the desk, each with the acts that are open to this user."""
    again = kept_input.again(request)
    rows = [(member, _buttons(member, request.user, again)) for member in members(staff().order_by("name", "pk"))]
    invitation = _button(INVITE, t("Send the invitation"), InviteForm, NOBODY, request.user, again, {})
    shown = {"title": _("Staff"), "rows": rows, "invitation": invitation}
    return render(request, "admin/staff.html", admin.site.each_context(request) | shown)


def _buttons(member: Member, user: Account, again: kept_input.Typed) -> list[dict]:
    if not may_change(user, member.account):
        return []
    state, here = member.state(), {"role": member.role}
    return [
        _button(name, act.label, act.form, state, user, again, here)
        for name, act in ACTS.items()
        if not act.why_not(member, user)
    ]


def _button(name: str, label, form: type[forms.Form], state: Sight, user: Account, again, initial: dict) -> dict:
    """Form of an act as templates/admin/_act.html shows it, with what was typed in it before."""
    mine = again.into(form, kept_input.place(reverse("admin:staff_act", args=[name]), state))
    known: dict[str, Any] = {"language": user.language, **initial, **mine}
    one = form(initial=known, auto_id=f"{name}-{state['account'] or 'new'}_%s", label_suffix="")
    sealed = seal(state, user)
    return {"name": name, "page": "admin:staff_act", "label": label, "form": one, "seen": sealed, "typed": bool(mine)}


@kept_input.on(lambda request, name: reverse("admin:staff"))
@require_POST
def press(request, name):
    """Carry out an act on a member of staff; a refusal becomes a message, and what was typed is kept."""
    form_of = InviteForm if name == INVITE else ACTS[name].form if name in ACTS else None
    if form_of is None:
        raise Http404
    form = form_of(request.POST)
    try:
        seen = unseal(request.POST.get("seen", ""), request.user)
        if not form.is_valid():
            raise Refused(faults_of(form))
        said = _carry_out(name, seen, request.user, form.cleaned_data)
    except signing.SignatureExpired:
        _refuse(request, _("that page was too old. Please look again."))
    except signing.BadSignature as error:
        raise SuspiciousOperation("a form that this desk did not make") from error
    except Refused as refusal:
        _refuse(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("admin:staff" if may_manage(Account.objects.get(pk=request.user.pk)) else "admin:index")


def _refuse(request, why: str) -> None:
    said = _("Not done: %(why)s") % {"why": why}
    messages.error(request, said)
    kept_input.keep(request, said)


def _carry_out(name: str, seen: Seen, user: Account, words: dict) -> str:
    """Do it, once for each form, with all staff locked: of two owners at once the second sees what the first did.

    Returns what is said of it. Raises Refused, and PermissionDenied.
    """
    with transaction.atomic():
        house = {str(member.account.pk): member for member in members(staff().select_for_update().order_by("pk"))}
        myself = house.get(str(user.pk))
        actor = refuse_unless_owner(myself.account if myself else None)
        refuse_second_press(seen, f"staff {name}")
        if name == INVITE:
            acts.invite(actor, seen.key, words)
            return _("An invitation to %(email)s is on its way.") % {"email": words["email"]}
        member = house.get(str(seen.state.get("account")))
        if member is None:
            raise Refused(str(GONE))
        if not may_change(actor, member.account):
            raise PermissionDenied(_("Nothing was done. Only a superuser can change the access of a superuser."))
        _do(ACTS[name], member, actor, seen, words)
        return str(ACTS[name].done) % {"name": member.account.name}


def _do(act: StaffAct, member: Member, actor: Account, seen: Seen, words: dict) -> None:
    if why_not := act.why_not(member, actor):
        raise Refused(why_not)
    refuse_stale(seen, member.state())
    act.do(member, actor, seen.key, words)
