"""Login and logout views."""

from django.contrib.auth import login, logout
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import claims, onward
from accounts.forms import LoginForm
from accounts.login import LoginResult, authenticate
from accounts.sentences import say
from accounts.throttle import refund, spend
from accounts.validators import has_blank_ends


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login_(request):
    """Login view."""
    if request.method != "POST":
        return _login_page(request, LoginForm(initial={"email": request.GET.get("email", "")[:254]}))
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _login_page(request, form)
    spend(request, "login", form.cleaned_data["email"])
    result = authenticate(**form.cleaned_data)
    if result.refusal:
        return _login_page(request, form, result)
    refund(request, "login", form.cleaned_data["email"])
    login(request, result.account)
    response = redirect(_where_to(request, result))
    claims.end_here(request, response)
    return response


def _login_page(request, form, result: LoginResult | None = None):
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next", ""))}
    if result:
        context |= {"refusal": say(result.refusal), "ways_on": say("login.ways_on")}
        if result.refusal == "login.no_match" and has_blank_ends(form.cleaned_data["password"]):
            context["hint"] = say("password.blank_ends")
    return render(request, "accounts/login.html", context)


def _where_to(request, result: LoginResult) -> str:
    """Redirect target: the page they wanted, if it is on this site and their workspace is there to go to.

    A link from a letter they may follow before that: they logged in so that it finds them as themselves.
    """
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    if safe and wanted.startswith(reverse("confirm", args=["-"]).removesuffix("-/")):
        return wanted
    if not result.may_enter:
        return reverse("arriving")
    return wanted if wanted and safe else onward.where_to(request) or reverse("home")


@require_POST
def logout_(request):
    """Logout view, by POST only. It ends this browser's claims, too."""
    logout(request)
    response = redirect("landing")
    claims.end_here(request, response)
    return response
