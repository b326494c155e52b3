"""Time limits on the database: a budget of waiting for each page, and session limits that the server keeps.

The kernel tells of a peer that is gone (keepalives), and the server ends whatever takes too long. Neither of them
sees a server that is frozen, or a pooler that takes the question and never answers: there we count ourselves.
"""

import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from psycopg import sql

PAGE = 6.0  # seconds that one page may wait for the database in all
PROBE = 3.0  # seconds that a machine's question whether we are well may
ANSWER = 60.0  # seconds that anything else may wait for each answer: twice what the server allows a statement
FOR_EVER = math.inf

# What a session at the server is limited to, in PostgreSQL's own units (seconds for idle and interval, else ms).
SERVER_LIMITS = {
    "tcp_keepalives_idle": 2,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 4,
    "tcp_user_timeout": 6_000,
    "client_connection_check_interval": 5_000,
    "idle_in_transaction_session_timeout": 10_000,
    "lock_timeout": 7_000,
    "statement_timeout": 30_000,
}
FAR_TOO_PATIENT = 4  # times what we set: somebody may have meant something else, but hardly that
NOT_OURS_TO_SET = ("42501", "42704", "22023")  # no privilege, no such setting, not on this system
# By the reset value: a migration has lifted some of them for itself. And whoever set one for this database or role
# meant it.
IN_FORCE = """
    SELECT name, reset_val::bigint FROM pg_settings WHERE name = ANY(%s) AND NOT EXISTS (
        SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS line
        WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
          AND split_part(line, '=', 1) = name)
"""
# On a unix socket there is no peer that goes without a word.
HERE = """
    SELECT name, setting::bigint FROM pg_settings WHERE name = ANY(%s)
        AND (inet_server_addr() IS NOT NULL OR name NOT LIKE 'tcp%%')
    ORDER BY name
"""


class NoAnswer(psycopg.OperationalError):
    """The database did not answer in time, and we closed the connection."""


class Budget:
    """Seconds that are left for waiting on the database."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Context manager that limits all waiting for the database in its block to `seconds` together.

    Time spent on anything else does not count.
    """
    kept = _budget.set(Budget(seconds))
    try:
        yield
    finally:
        _budget.reset(kept)


@contextmanager
def connecting() -> Iterator[None]:
    """Charge the time of a new connection to the budget. Raises NoAnswer if none is left.

    A new connection has a limit of its own.
    """
    budget, began = _budget.get() or Budget(ANSWER), monotonic()
    if budget.left <= 0:
        raise NoAnswer("no time is left to connect to the database")
    try:
        yield
    finally:
        budget.left -= monotonic() - began


def bounded(answer: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Put psycopg's dialogue with the server under the budget.

    Raises NoAnswer once nothing comes and no time is left.
    """
    budget, began = _budget.get() or Budget(ANSWER), monotonic()
    try:
        wanted = next(answer)
        while True:
            ready = yield wanted
            if not ready and monotonic() - began > budget.left:
                raise NoAnswer("the database did not answer in time")
            wanted = answer.send(ready)
    except StopIteration as end:
        return end.value
    finally:
        budget.left -= monotonic() - began


def give_back() -> None:
    """Return a pooled connection before something slow.

    Whoever waits for a connection of the pool need not wait for that, too.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


def limit_server(link) -> None:
    """Store the limits that nobody has set yet in the database, or in our role in it where the database is not ours.

    In the database and not as options of a connection, since a pooler refuses those.
    """
    with link.cursor() as cursor:
        cursor.execute(IN_FORCE, [list(SERVER_LIMITS)])
        lax = [name for name, value in cursor.fetchall() if not 0 < value <= SERVER_LIMITS[name]]
    for name in lax:
        _try_each(link, limit_statements(link, name))


def too_patient(link) -> dict[str, int]:
    """Return the limits that this very session lacks, with what it has in their place. 0 is for ever."""
    with link.cursor() as cursor:
        cursor.execute(HERE, [list(SERVER_LIMITS)])
        return {name: at for name, at in cursor.fetchall() if not 0 < at <= FAR_TOO_PATIENT * SERVER_LIMITS[name]}


def _try_each(link, statements) -> None:
    for statement in statements:
        try:
            with transaction.atomic(using=link.alias), link.cursor() as cursor:
                return cursor.execute(statement)
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", "") not in NOT_OURS_TO_SET:
                raise


def limit_statements(link, name: str) -> list[sql.Composed]:
    """Return the statements that set a limit, in the order in which they are worth trying."""
    with link.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        database = sql.Identifier(cursor.fetchone()[0])
    to = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(SERVER_LIMITS[name]))
    return [
        sql.SQL("ALTER DATABASE {} {}").format(database, to),
        sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} {}").format(database, to),
    ]
