"""Self-service views: the account's details, its password, its open sessions, its export."""

from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.forms import OwnPasswordForm
from accounts.models import Account, EventKind, Login
from accounts.profile import sessions
from accounts.profile.changes import change_details, change_password, note, typed_own_password
from accounts.profile.export import everything_about
from accounts.profile.forms import ChangePasswordForm, DetailsForm
from accounts.sentences import clock, say


def for_oneself(view):
    """View decorator for the logged-in account, however far its set-up has got; passes the POST data or None."""

    @wraps(view)
    def private(request):
        return view(request, request.user, request.POST if request.method == "POST" else None)

    methods = require_http_methods(["GET", "HEAD", "POST"])
    private = sensitive_post_parameters("password", "new_password")(login_required(private))
    return never_cache(methods(private))


@for_oneself
def own(request, account: Account, posted):
    """Details page of the account."""
    form = DetailsForm(account, posted)
    if posted is not None and form.is_valid():
        change_details(account, form.cleaned_data)
        messages.success(request, say("own.saved"))
        return redirect(f"{reverse('own')}?language={form.cleaned_data['language']}")  # which this browser keeps, too
    return render(request, "accounts/own.html", {"form": form, "account": account})


@for_oneself
def own_password(request, account: Account, posted):
    """Change of password."""
    form = ChangePasswordForm(account, posted)
    if posted is not None and form.is_valid() and typed_own_password(request, form, account):
        change_password(request, account, form.cleaned_data["new_password"])
        messages.success(request, say("own.password_changed"))
        return redirect("own")
    facts = {"form": form, "account": account, "sentence": say("own.password_ask")}
    return render(request, "accounts/own_password.html", facts)


@for_oneself
def own_sessions(request, account: Account, posted):
    """List of open sessions, and their end after re-authentication."""
    form = OwnPasswordForm(posted)
    if posted is not None and form.is_valid() and typed_own_password(request, form, account):
        return _ended(request, account, posted.get("end", ""))
    here = request.session.session_key
    lines = [(login, login.session_id == here, clock(login.at)) for login in sessions.open_logins(account)]
    facts = {"form": form, "account": account, "sentence": say("own.sessions_ask"), "lines": lines}
    return render(request, "accounts/own_sessions.html", facts)


@for_oneself
def own_export(request, account: Account, posted):
    """Download of everything that we have about the account, after re-authentication."""
    form = OwnPasswordForm(posted)
    if posted is not None and form.is_valid() and typed_own_password(request, form, account):
        note(account, EventKind.EXPORTED, "own.export_ask")
        answer = JsonResponse(everything_about(account), json_dumps_params={"indent": 2, "ensure_ascii": False})
        answer["Content-Disposition"] = f'attachment; filename="{account.reference}.json"'
        return answer
    facts = {"form": form, "account": account, "sentence": say("own.export_ask")}
    return render(request, "accounts/own_export.html", facts)


def _ended(request, account: Account, which: str):
    """End one of their sessions, by its number, or all but this."""
    if which == "others":
        sessions.end_others(request, account)
        key = "own.ended_others"
    else:
        one = Login.objects.filter(account=account, pk=which) if which.isdecimal() else Login.objects.none()
        key = "own.ended_one" if sessions.end(one) else "own.ended_already"
    note(account, EventKind.ENDED_SESSIONS, key)
    messages.success(request, say(key))
    return redirect("own_sessions")
