"""Password reset and resend views: the request changes nothing here, and is answered alike for any address."""

from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.ask import ask_for_letter
from accounts.email_links import Purpose
from accounts.forms import AddressForm
from accounts.models import AccessRequest, MailboxLink
from accounts.sentences import say
from accounts.throttle import spend
from accounts.views.letters import by_mailbox, chosen_page, password_form, password_page


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset(request):
    """Request for a password reset."""
    return _ask(request, AccessRequest.Kind.RESET, "password_reset")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request):
    """Request for the confirmation letter once more."""
    return _ask(request, AccessRequest.Kind.RESEND, "resend")


def _ask(request, kind: AccessRequest.Kind, name: str):
    asked = request.method == "POST"
    form = AddressForm(request.POST if asked else None, initial={"email": request.GET.get("email", "")[:254]})
    if asked and form.is_valid():
        spend(request, "letter", form.cleaned_data["email"])
        ask_for_letter(kind, form.cleaned_data["email"])
        return redirect(f"{name}_taken")
    return render(request, f"accounts/{name}.html", {"form": form})


@never_cache
@require_safe
def password_reset_taken(request):
    """Confirmation page after a request for a password reset."""
    return _taken(request, "reset.taken")


@never_cache
@require_safe
def resend_taken(request):
    """Confirmation page after a request for the letter."""
    return _taken(request, "resend.taken")


def _taken(request, key: str):
    return render(request, "accounts/letter_asked.html", {"sentence": say(key)})


@by_mailbox(Purpose.RESET)
def choose_password(request, link: MailboxLink):
    """Password reset view, where the link of its letter leads."""
    form = password_form(request, link, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return password_page(request, form, "reset.ask", link)
    return chosen_page(request, link, form)
