"""Middleware and error views that give a page to requests refused before any view, and set security headers."""

from base64 import b64encode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import constant_time_compare
from django.views.defaults import bad_request as django_bad_request
from structlog.contextvars import get_contextvars

TOO_LARGE = "arrivals.too_large"  # in the environment of a request whose body the server did not take


def most_bytes(path: str, authorization: str) -> int:
    """Return the longest request body that is accepted, in bytes.

    Mail comes with pictures in it, from a service that knows our word; the rest is forms.
    """
    from_mail = path.startswith("/mail/") and knows_our_word(authorization)
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE if from_mail else settings.FORM_MAX_SIZE


def knows_our_word(authorization: str) -> bool:
    """Return True for the Basic credentials of the mail service's webhook."""
    scheme, _, given = authorization.partition(" ")
    word = b64encode(settings.ANYMAIL.get("WEBHOOK_SECRET", "").encode()).decode()
    return bool(word) and scheme.lower() == "basic" and constant_time_compare(given.strip(), word)


def is_too_large(request) -> bool:
    """Return True if the body is too large, by our own server's word or by the length that another one passes on."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    most = most_bytes(request.path, request.headers.get("Authorization", ""))
    return TOO_LARGE in request.META or (length.isdecimal() and int(length) > most)


def bad_request(request, exception):
    """Error view for 400, as Django's; 413 for a body that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return too_large()
    return django_bad_request(request, exception)


def server_error(request):
    """Error view for 500, with the request id under which this fault stands in the log."""
    return render(None, "500.html", {"reference": get_contextvars().get("request")}, status=500)


def too_large():
    """Return the page for 413."""
    return render(None, "413.html", status=413)


def is_text(charset: str | None) -> bool:
    """Return True for a text charset. Python knows others: asked to read a form as "hex", Django answers 500."""
    try:
        b"x".decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):
        return False
    return True


class Readable:
    """Middleware that refuses bodies too long or in no charset, and drops cookies with control characters.

    A quoted cookie may hold a NUL, and PostgreSQL will not search for a session with one: that was a 500.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if is_too_large(request):
            return too_large()
        if not is_text(request.encoding):
            raise BadRequest("the charset of the body is none")
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if value.isprintable()}
        return self.get_response(request)


class Refusals:
    """Middleware that gives the empty 405 of Django a page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            response.content = render(None, "405.html").content
        return response


class Headers:
    """Middleware for the security headers that Django has no setting for: Permissions-Policy, CORP, no-store.

    Nothing of the device is asked for, nobody else embeds us, and a page behind the login is not cached.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if is_behind_log_in(request):
            add_never_cache_headers(response)
        return response


def is_behind_log_in(request) -> bool:
    """Return True if somebody is logged in and it played a part in the answer. Asks the database for nothing."""
    session = getattr(request, "session", None)
    return session is not None and session.accessed and SESSION_KEY in session
