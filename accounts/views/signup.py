"""Landing page and sign-up view: one answer for every address."""

from django.contrib.auth import logout
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import claims
from accounts.canary import is_canary
from accounts.database.errors import DATABASE_ERRORS, if_the_database_allows, is_passing
from accounts.forms import SignupForm
from accounts.hashers import Busy
from accounts.middleware.preferences import browser_zone
from accounts.sentences import say
from accounts.signup import OutcomeUnknown, Typed, sign_up
from accounts.throttle import refund, spend


@require_safe
def landing(request):
    """Landing page."""
    return render(request, "accounts/landing.html")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def signup(request):
    """Sign-up view."""
    return _signup_posted(request) if request.method == "POST" else _signup_page(request, SignupForm())


def _signup_posted(request):
    form = SignupForm(request.POST)
    if not form.is_valid():
        return _signup_page(request, form)
    try:
        token = _signup_saved(request, _typed(request, form))
    except OutcomeUnknown:
        return _signup_page(request, form, trouble=say("signup.unsure"))
    except DATABASE_ERRORS as error:
        if not is_passing(error):
            raise
        return _signup_page(request, form, trouble=say("signup.unsaved"))
    except Busy:
        return _signup_page(request, form, trouble=say("signup.busy"))
    response = HttpResponseRedirect(reverse("arriving"), status=302)
    claims.remember(response, token)
    return response


def _typed(request, form) -> Typed:
    return Typed(**form.cleaned_data, zone=browser_zone(request), canary=is_canary(request))


def _signup_saved(request, typed: Typed) -> str:
    """Save the sign-up and return the token of its claim.

    A password for an address that is taken is a guess, until it proves right. Once it is saved, nothing that follows
    may say that it was not.
    """
    may_prove = spend(request, "signup", typed.email)
    token = claims.new_token()
    receipt = sign_up(typed, token, claims.hash_of(request), may_prove)
    with if_the_database_allows():
        refund(request, "signup", typed.email, effective=receipt.typed_right)
        if request.user.is_authenticated and request.user.pk != receipt.claim.account_id:
            logout(request)  # at another's browser: they are shown their own sign-up, and nothing of the other's
    return token


def _signup_page(request, form, trouble=""):
    page = render(request, "accounts/signup.html", {"form": form, "trouble": trouble})
    if trouble:
        page.status_code = 503
        page["Retry-After"] = "30"
    return page
