"""What the pages that a letter leads to have in common."""

from functools import wraps

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.clock import database_now
from accounts.links import LinkIsOver, find, why_over
from accounts.messages import clock, say
from accounts.models import MailboxLink


def by_mailbox(*purposes: MailboxLink.Purpose):
    """Turns the token in the address of the page into the link that it is, and answers for links that are over.

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
    """Why this link does nothing any more; None while it works. A used one has done its work: no error."""
    if key := why_over(link, database_now()):
        time = clock(link.used_at or link.created_at)
        return _over(request, say(key, email=link.email, time=time), 200 if link.used_at else 410)
    if not link.account.is_active:
        return _over(request, say("waiting.suspended"), 403)
    return None


def _over(request, sentence: str, status: int) -> HttpResponse:
    return render(request, "accounts/confirm_void.html", {"sentence": sentence}, status=status)


def password_page(request, form, key: str, link: MailboxLink) -> HttpResponse:
    facts = {"form": form, "sentence": say(key, email=link.email), "email": link.email, "purpose": link.purpose}
    return render(request, "accounts/choose_password.html", facts)


def done_page(request, key: str, link: MailboxLink) -> HttpResponse:
    return render(request, "accounts/letter_done.html", {"sentence": say(key, email=link.email)})
