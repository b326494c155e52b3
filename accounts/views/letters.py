"""Shared parts of the pages that a link in an e-mail leads to: link lookup, used or expired links, password forms."""

from functools import wraps

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import claims, onward
from accounts.database.clock import database_now
from accounts.email_links import LinkIsOver, find, why_over
from accounts.email_verification import choose_password
from accounts.forms import NewPasswordForm
from accounts.models import MailboxLink, SignupClaim
from accounts.profile.forms import GIVEN, FirstProofForm
from accounts.sentences import clock, say
from accounts.throttle import make_known


def by_mailbox(*purposes: MailboxLink.Purpose):
    """View decorator that resolves the token in the URL to its link, and answers for links that are over.

    Such an address opens an account: it is kept out of caches, and of the next page's Referer. A press of the
    button may come too late for a link that worked when it was looked up (`LinkIsOver`): then look again.
    """

    def decorate(view):
        @wraps(view)
        def private(request, token):
            response = _answer(view, request, token, purposes)
            response["Referrer-Policy"] = "strict-origin"  # with "no-referrer" browsers post "Origin: null": 403
            return response

        methods = require_http_methods(["GET", "HEAD", "POST"])
        return never_cache(sensitive_post_parameters("password")(methods(private)))

    return decorate


def _answer(view, request, token: str, purposes) -> HttpResponse:
    link = find(token, *purposes)
    if link is None:
        return _over(request, say("link.unknown"), 404)
    try:
        return _over_page(request, link) or view(request, link)
    except LinkIsOver:
        return _answer(view, request, token, purposes)


def _over_page(request, link: MailboxLink) -> HttpResponse | None:
    """Page for a link that does nothing any more; None while it works. A used one has done its work: no error."""
    if key := why_over(link, database_now()):
        time = clock(link.used_at or link.created_at)
        return _over(request, say(key, email=link.email, time=time), 200 if link.used_at else 410)
    if not link.account.is_active:
        return _over(request, say("waiting.suspended"), 403)
    return None


def _over(request, sentence: str, status: int) -> HttpResponse:
    return render(request, "accounts/confirm_void.html", {"sentence": sentence}, status=status)


def password_page(request, form, key: str, link: MailboxLink) -> HttpResponse:
    """Render the form for a new password."""
    facts = {"form": form, "sentence": say(key, email=link.email), "email": link.email, "purpose": link.purpose}
    return render(request, "accounts/choose_password.html", facts)


def done_page(request, key: str, link: MailboxLink, onward_to: str = "") -> HttpResponse:
    """Render the page that says what the link has done."""
    facts = {"sentence": say(key, email=link.email), "onward": onward_to or onward.where_to(request)}
    return render(request, "accounts/letter_done.html", facts)


def may_keep(request, link: MailboxLink) -> bool:
    """Return True if the password may stay, and False where it has to be replaced (pre-hijacking).

    A stranger may have signed up with this address before its owner did: a first proof from a browser that cannot
    show it is the owner's replaces whatever password is there.
    """
    return bool(link.account.mailbox_proven_at) or claims.is_theirs(request, link.account)


def password_form(request, link: MailboxLink, posted) -> NewPasswordForm:
    """Return the form for a new password.

    With the details of the sign-up, too, where they may be as little the owner's as its password. Staff never
    signed up.
    """
    if link.account.is_staff or may_keep(request, link):
        return NewPasswordForm(link.account, posted)
    return FirstProofForm(link.account, _offered(request, link), posted)


def _offered(request, link: MailboxLink) -> dict[str, str]:
    """Initial details: those that the reader of this letter typed, as far as we can tell.

    In this browser, or in the sign-up that the letter tells of.
    """
    typed = claims.of_browser(request).filter(account=link.account)
    if link.purpose == MailboxLink.Purpose.ALREADY_HERE and not typed:
        typed = SignupClaim.objects.filter(account=link.account, proven=False, created_at__lte=link.created_at)
    row = typed.order_by("-seen_at").first() or link.account
    return {name: getattr(row, name) or getattr(link.account, name) for name in GIVEN}


def chosen_page(request, link: MailboxLink, form: NewPasswordForm) -> HttpResponse:
    """Save the new password and render the page that says so."""
    details = form.details() if isinstance(form, FirstProofForm) else None
    choose_password(link, form.cleaned_data["password"], claims.hash_of(request), details)
    make_known(request, link.email)
    return done_page(request, "password.changed", link, reverse("admin:index") if link.account.is_staff else "")
