"""What is refused before any view looks at it still gets a page that says so."""

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpResponseNotAllowed
from django.shortcuts import render
from django.views.defaults import bad_request as django_bad_request
from structlog.contextvars import get_contextvars


def bad_request(request, exception):
    """The 400 of Django; 413 for a body that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return render(None, "413.html", status=413)
    return django_bad_request(request, exception)


def server_error(request):
    """The page of our own faults, with the name under which this one stands in the log."""
    return render(None, "500.html", {"reference": get_contextvars().get("request")}, status=500)


def is_text(charset: str | None) -> bool:
    """Python knows charsets that are none: asked to read a form as "hex", Django answers 500."""
    try:
        b"x".decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):
        return False
    return True


class Readable:
    """Refuses bodies in no charset, and does not look at cookies with control characters in them.

    A quoted cookie may hold a NUL, and PostgreSQL will not search for a session with one: that was a 500.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not is_text(request.encoding):
            raise BadRequest("the charset of the body is none")
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if value.isprintable()}
        return self.get_response(request)


class Refusals:
    """Gives the empty 405 of Django a page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            response.content = render(None, "405.html").content
        return response


class Headers:
    """Those that Django has no setting for: nothing of the device is asked for, nobody else embeds us."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
