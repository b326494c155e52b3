"""What may be changed from the waiting room: the address, the day it is needed, and whether there is anything."""

from functools import wraps

from django.contrib.auth import logout
from django.contrib.auth.hashers import verify_password
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import claims
from accounts.forms import CorrectAddressForm, OwnPasswordForm
from accounts.leaving import delete_everything
from accounts.messages import say
from accounts.models import Account, Event, SignupClaim, Voice
from accounts.throttle import forgive, seem_to_know, spend
from provisioning.address import correct_address
from provisioning.forms import NeededForm


def for_arrivals(view):
    """For the browser that signed up, or whoever is logged in. A claim alone changes nothing of an account:
    it may be one for an address that was taken, and must not be told so."""

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
    shown = claim.email if claim and not claim.proven else account.written_to
    form = CorrectAddressForm(request.POST if request.method == "POST" else None, initial={"email": shown})
    if request.method == "POST" and form.is_valid() and _typed_own_password(request, form, account):
        return _address_given(request, account, form.cleaned_data["email"])
    return _page(request, "address", form, say("address.ask", email=shown))


def _address_given(request, account: Account, email: str):
    if account.mailbox_proven_at:
        return _page(request, "address_confirmed", None, say("address.confirmed", email=account.email))
    if account.is_active:
        spend(request, "letter", email)
        correct_address(account, email)
        seem_to_know(request, email, really=Account.objects.filter(pk=account.pk, email=email).exists())
    return redirect("arriving")


@for_arrivals
def needed(request, account: Account, claim: SignupClaim | None):
    form = NeededForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, "needed", form)
    by, because = form.cleaned_data["needed_by"], form.cleaned_data["needed_because"]
    if claim and not claim.proven:
        SignupClaim.objects.filter(pk=claim.pk).update(needed_by=by)
    else:
        Account.objects.filter(pk=account.pk).update(needed_by=by, needed_because=because)
        _note(account, "stated_deadline", "waiting.needed_by", f"{by:%d %b %H:%M} UTC: {because}")
    return redirect("arriving")


@for_arrivals
def delete(request, account: Account, claim: SignupClaim | None):
    form = OwnPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _typed_own_password(request, form, account):
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
    return render(request, "provisioning/deleted.html", {"sentence": say("delete.done")})


def _typed_own_password(request, form, account: Account) -> bool:
    spend(request, "login", account.email)
    if verify_password(form.cleaned_data["password"], account.password)[0]:
        forgive(request, "login", account.email)
        SignupClaim.objects.filter(account=account, token_hash=claims.hash_of(request)).update(proven=True)
        return True
    _note(account, "typed_wrong_password", "password.wrong")
    form.add_error("password", say("password.wrong"))
    return False


def _note(account: Account, kind: str, shown: str, detail: str = "") -> None:
    Event.objects.create(account=account, voice=Voice.THEY, kind=kind, shown=shown, detail=detail)


def _page(request, name: str, form, sentence=""):
    return render(request, f"provisioning/{name}.html", {"form": form, "sentence": sentence})
