"""Classification of database errors by SQLSTATE: away, read-only, worth a retry, or a fault of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError

DATABASE_ERRORS = (DatabaseError, InterfaceError)
# Classes and codes of PostgreSQL's Appendix A that say nothing about what was asked: connection lost, resources
# used up, shut down or starting, the disk or the system at fault, read-only for the time of a failover, and
# sessions ended for waiting too long.
READ_ONLY = "25006"
AWAY = ("08", "53", "57P", "58", READ_ONLY, "25P03", "25P04")
# The same statement may work in a moment: a deadlock, somebody else's lock, a statement that took too long.
PASSING = (*AWAY, "40", "55P03", "57014")


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE that PostgreSQL gave, or an empty string where the connection itself was lost."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__  # Django's, and perhaps "you can't execute queries until the end of the block"
    return (cause.sqlstate or "") if cause else ""


def is_away(error: BaseException) -> bool:
    """Return True if the database is away or cannot write just now, so that the same thing can be done later."""
    return _says(error, AWAY)


def is_passing(error: BaseException) -> bool:
    """Return True for a transient error: the database is away, or the same statement may work in a moment."""
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
    """Return True if a COMMIT that failed with this error may have been done: nobody said that it was not."""
    return is_away(error) and (sqlstate_of(error) or "08").startswith(("08", "57P"))


@contextmanager
def if_the_database_allows() -> Iterator[None]:
    """Context manager for what a page can do without: left undone when the database is away just now."""
    try:
        yield
    except DATABASE_ERRORS as error:
        if not is_passing(error):
            raise
