"""When our own database does not answer: how it is told from a fault, and a page that says what was kept."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import HttpResponse
from django.shortcuts import render

from accounts.messages import say
from accounts.patience import PAGE, at_most

DATABASE_ERRORS = (DatabaseError, InterfaceError)
# Classes and codes of PostgreSQL's Appendix A that say nothing about what was asked: connection lost, resources
# used up, shut down or starting, the disk or the system at fault, read-only for the time of a failover, and
# sessions ended for waiting too long.
READ_ONLY = "25006"
AWAY = ("08", "53", "57P", "58", READ_ONLY, "25P03", "25P04")
# The same statement may work in a moment: a deadlock, somebody else's lock, a statement that took too long.
PASSING = (*AWAY, "40", "55P03", "57014")


def sqlstate_of(error: BaseException) -> str:
    """The five characters PostgreSQL gave, or none where the connection itself was lost."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__  # Django's, and perhaps "you can't execute queries until the end of the block"
    return (cause.sqlstate or "") if cause else ""


def is_away(error: BaseException) -> bool:
    """Whether the database is away or cannot write just now, so that the same thing can be done later."""
    return _says(error, AWAY)


def is_passing(error: BaseException) -> bool:
    """Whether it is away, or the same statement may work in a moment."""
    return _says(error, PASSING)


def _says(error: BaseException, states: tuple[str, ...]) -> bool:
    if not isinstance(error, DatabaseError | InterfaceError | psycopg.Error):
        return False
    state = sqlstate_of(error)
    if state:
        return state.startswith(states)
    lost = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
    return isinstance(error, lost)


def is_in_doubt(error: BaseException) -> bool:
    """Whether a COMMIT that failed with it may have been done all the same: nobody said that it was not."""
    return is_away(error) and (sqlstate_of(error) or "08").startswith(("08", "57P"))


@contextmanager
def if_the_database_allows() -> Iterator[None]:
    """What a page can do without: left undone when the database is away just now."""
    try:
        yield
    except DATABASE_ERRORS as error:
        if not is_passing(error):
            raise


def page_for(error: BaseException) -> HttpResponse | None:
    """What is answered when this went wrong, or None: it is a fault, and not the database away.

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
    """Gives a page so long for the database, and answers in its place when that is away, wherever it was asked.

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
    error = sys.exc_info()[1]
    if request is not None and error is not None and (page := page_for(error)):
        request.database_away = page


class Sessions(SessionMiddleware):
    """Django takes a session that cannot be saved for one that was deleted, and answers 400."""

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, *DATABASE_ERRORS) as error:
            if page := page_for(error):
                return page
            raise
