"""Middleware for database outages: a 503 page that says what was kept, and a limit on the waiting."""

import sys

from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpResponse
from django.shortcuts import render

from accounts.database.errors import DATABASE_ERRORS, READ_ONLY, is_passing, sqlstate_of
from accounts.database.timeouts import PAGE, at_most
from accounts.sentences import say


def page_for(error: BaseException) -> HttpResponse | None:
    """Return the 503 page for an error of a database that is away, or None for a fault of ours.

    Whatever was raised while such an error was handled counts as the error: Django's sessions say that they were
    deleted when they could not be saved.
    """
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, DATABASE_ERRORS):
        behind = behind.__cause__ or behind.__context__
    if behind is None or not is_passing(behind):
        return None
    sentence = say("database.read_only" if sqlstate_of(behind) == READ_ONLY else "database.away")
    page = render(None, "accounts/away.html", {"sentence": sentence}, status=503)
    page["Retry-After"], page["Cache-Control"] = "30", "no-store"
    return page


class DatabaseAway:
    """Middleware that limits a page's time with the database, and answers in its place when that is away.

    Django asks `process_exception` about views alone; whatever fails in another middleware has become a response
    before it gets here, and is known by `note` only.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with at_most(PAGE):
            response = self.get_response(request)
        return getattr(request, "database_away", response) if response.status_code == 500 else response

    def process_exception(self, request, exception):
        return page_for(exception)


@receiver(got_request_exception)
def note(request, **_):
    """Keep the page for a database error that was raised outside a view, where DatabaseAway finds it."""
    error = sys.exc_info()[1]
    if request is not None and error is not None and (page := page_for(error)):
        request.database_away = page


class Sessions(SessionMiddleware):
    """Session middleware that answers 503 when the database is away.

    Django takes a session that cannot be saved for one that was deleted, and answers 400.
    """

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, *DATABASE_ERRORS) as error:
            if page := page_for(error):
                return page
            raise
