"""Views for changes from the waiting room: the e-mail address, the day it is needed, deletion of everything."""

from datetime import UTC
from functools import wraps

from django.contrib.auth import logout
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import claims
from accounts.forms import CorrectAddressForm, OwnPasswordForm
from accounts.models import Account, EventKind, SignupClaim
from accounts.profile.changes import ask_to_move, note, typed_own_password
from accounts.profile.deletion import delete_everything
from accounts.profile.forms import MoveForm
from accounts.sentences import say
from accounts.throttle import seem_to_know, spend
from accounts.views.own import for_oneself
from provisioning.intake.address_correction import correct_address
from provisioning.waiting_room.forms import NeededForm


def for_arrivals(view):
    """View decorator for the browser that signed up, or for a person who is logged in.

    A claim alone changes nothing of an account: it may be one for an address that was taken, and must not be told so.
    """

    @wraps(view)
    def arrivals_only(request):
        claim = None if request.user.is_authenticated else claims.latest_claim(request)
        account = claim.account if claim else request.user
        is_stranger = claim and not claim.proven
        if not account.is_authenticated or not (account.is_active or is_stranger):
            return redirect("arriving")
        return view(request, account, claim)

    methods = require_http_methods(["GET", "HEAD", "POST"])
    return never_cache(sensitive_post_parameters("password")(methods(arrivals_only)))


@for_arrivals
def address(request, account: Account, claim: SignupClaim | None):
    """Correction of the address from the waiting room, with the password."""
    shown = claim.email if claim and not claim.proven else account.written_to
    form = CorrectAddressForm(request.POST if request.method == "POST" else None, initial={"email": shown})
    if request.method == "POST" and form.is_valid() and typed_own_password(request, form, account):
        return _address_given(request, account, form.cleaned_data["email"])
    return _page(request, "address", form, say("address.ask", email=shown))


def _address_given(request, account: Account, email: str):
    if account.mailbox_proven_at:
        return _page(request, "address_confirmed", None, say("address.confirmed", email=account.email))
    if account.is_active:
        _put_right(request, account, email)
    return redirect("arriving")


def _put_right(request, account: Account, email: str) -> None:
    """Correct the address, from either page.

    It makes us write to somebody, so it counts as asking for a letter.
    """
    spend(request, "letter", email)
    correct_address(account, email)
    seem_to_know(request, email, effective=Account.objects.filter(pk=account.pk, email=email).exists())


@for_oneself
def own_address(request, account: Account, posted):
    """Change of the address by its logged-in owner, with the password.

    Nobody has proven the one they have: it is put right at once. Else the new one has to be proven first.
    """
    form = MoveForm(posted, initial={"email": request.GET.get("email", "")[:254]})
    if form.is_valid() and form.cleaned_data["email"] == account.email:
        form.add_error("email", say("own.same_address"))
    if not form.is_valid() or not typed_own_password(request, form, account):
        ask = say("own.address_ask" if account.mailbox_proven_at else "address.ask", email=account.written_to)
        return _page(request, "own_address", form, ask)
    email = form.cleaned_data["email"]
    if not account.mailbox_proven_at:
        _put_right(request, account, email)
        return redirect("own")
    spend(request, "letter", email)
    ask_to_move(account, email)
    sentence = say("own.move_asked", email=email, old=account.email)
    return render(request, "provisioning/move_asked.html", {"sentence": sentence})


@for_arrivals
def needed(request, account: Account, claim: SignupClaim | None):
    """Deadline by which the account is needed, as its owner states it."""
    form = NeededForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, "needed", form)
    by, because = form.cleaned_data["needed_by"], form.cleaned_data["needed_because"]
    if claim and not claim.proven:
        SignupClaim.objects.filter(pk=claim.pk).update(needed_by=by)
    else:
        Account.objects.filter(pk=account.pk).update(needed_by=by, needed_because=because)
        note(
            account,
            EventKind.STATED_DEADLINE,
            "waiting.needed_by",
            f"{by.astimezone(UTC):%d %b %H:%M} UTC: {because}",
        )
    return redirect("arriving")


@for_arrivals
def delete(request, account: Account, claim: SignupClaim | None):
    """Deletion of the account and everything of it, with the password."""
    form = OwnPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and typed_own_password(request, form, account):
        if account.is_staff or not account.is_active:
            return _page(request, "delete", form, say("delete.staff" if account.is_staff else "waiting.suspended"))
        delete_everything(account)
        logout(request)
        response = redirect("deleted")
        claims.forget(response)
        return response
    return _page(request, "delete", form, say("delete.ask"))


@never_cache
@require_safe
def deleted(request):
    """Confirmation that everything is deleted."""
    return render(request, "provisioning/deleted.html", {"sentence": say("delete.done")})


def _page(request, name: str, form, sentence=""):
    return render(request, f"provisioning/{name}.html", {"form": form, "sentence": sentence})
