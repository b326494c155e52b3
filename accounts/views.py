"""The front door: signing up, logging in, going out."""

from django.contrib.auth import login, logout
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import claims
from accounts.away import AWAY
from accounts.confirm import account_for, prove_mailbox
from accounts.forms import LoginForm, SignupForm
from accounts.login import Arrival, knock
from accounts.messages import say
from accounts.signup import OutcomeUnknown, Typed, sign_up


@require_safe
def landing(request):
    return render(request, "accounts/landing.html")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def signup(request):
    token = claims.token_of(request) or claims.new_token()
    response = _signup_posted(request, token) if request.method == "POST" else _signup_page(request, SignupForm())
    claims.remember(response, token)
    return response


def _signup_posted(request, token: str):
    form = SignupForm(request.POST)
    if not form.is_valid():
        return _signup_page(request, form)
    try:
        sign_up(Typed(**form.cleaned_data), token)
    except OutcomeUnknown:
        return _signup_page(request, form, trouble=say("signup.unsure"))
    except AWAY:
        return _signup_page(request, form, trouble=say("signup.unsaved"))
    return HttpResponseRedirect(reverse("arriving"), status=302)


def _signup_page(request, form, trouble=""):
    page = render(request, "accounts/signup.html", {"form": form, "trouble": trouble})
    if trouble:
        page.status_code = 503
        page["Retry-After"] = "30"
    return page


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login_(request):
    if request.method != "POST":
        return _login_page(request, LoginForm(initial={"email": request.GET.get("email", "")[:254]}))
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _login_page(request, form)
    arrival = knock(**form.cleaned_data)
    if arrival.refusal:
        return _login_page(request, form, arrival)
    login(request, arrival.account, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(_where_to(request, arrival))


def _login_page(request, form, arrival: Arrival | None = None):
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next", ""))}
    if arrival:
        context |= {"refusal": say(arrival.refusal), "ways_on": say("login.ways_on")}
    return render(request, "accounts/login.html", context)


def _where_to(request, arrival: Arrival) -> str:
    """Where they wanted to go, if it is on this site and their workspace is there to go to."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    if not arrival.may_enter:
        return reverse("arriving")
    return wanted if wanted and safe else reverse("home")


@require_POST
def logout_(request):
    logout(request)
    return redirect("landing")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request, token):
    """The link in a letter. Looking changes nothing (scanners look); pressing the button proves the mailbox."""
    account = account_for(token)
    if account is None:
        return render(request, "accounts/confirm_void.html", {"sentence": say("confirm.void")}, status=404)
    if request.method == "POST":
        prove_mailbox(account)
    proven = account.mailbox_proven_at is not None
    sentence = say("confirm.done" if proven else "confirm.ask", email=account.email)
    return render(request, "accounts/confirm.html", {"sentence": sentence, "proven": proven})
