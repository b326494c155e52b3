"""When our own database does not answer: how it is told from a fault, and a page that says what was kept."""

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.shortcuts import render

from accounts.messages import say

DATABASE_ERRORS = (DatabaseError, InterfaceError)
# Classes and codes of PostgreSQL's Appendix A that say nothing about what was asked: connection lost, resources
# used up, shut down or starting, the disk or the system at fault, read-only for the time of a failover, and
# sessions ended for waiting too long.
AWAY = ("08", "53", "57P", "58", "25006", "25P03", "25P04")
# The same statement may work in a moment: a deadlock, somebody else's lock, a statement that took too long.
PASSING = (*AWAY, "40", "55P03", "57014")


def sqlstate_of(error: BaseException) -> str:
    """The five characters PostgreSQL gave, or none where the connection itself was lost."""
    causes = (error, error.__cause__, error.__context__)
    return next((c.sqlstate for c in causes if isinstance(c, psycopg.Error) and c.sqlstate), "")


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


class DatabaseAway:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not is_passing(exception):
            return None
        response = render(None, "accounts/away.html", {"sentence": say("database.away")}, status=503)
        response["Retry-After"] = "30"
        return response
