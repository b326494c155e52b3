"""Django's migrate command under an advisory lock: three hosts that start at once on one database all come up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

ONE_AT_A_TIME = 4_277_001  # the lock's number, ours alone in this database
PATIENCE = 600  # seconds
LOOK_AGAIN = 0.2
# A lock of a transaction, which PgBouncer keeps on one connection to its end, and which ends with its process. It is
# asked for, not waited for: whoever waits in a statement holds a snapshot, and an index that is made concurrently
# waits for that to end.
BEGIN = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0"
TRY = f"SELECT pg_try_advisory_xact_lock({ONE_AT_A_TIME})"


class Command(migrate.Command):
    """Django's migrate, one at a time for each database."""

    def handle(self, *args, **options):
        with alone(options["database"]):
            return super().handle(*args, **options)


@contextmanager
def alone(alias: str) -> Iterator[None]:
    """Hold the advisory lock on a connection of its own: migrations begin and end transactions on theirs."""
    guard = connections[alias].copy()
    try:
        take_lock(guard)
        yield
    finally:
        guard.close()


def take_lock(guard: BaseDatabaseWrapper) -> None:
    """Acquire the advisory lock. Raises CommandError after PATIENCE."""
    patience = time.monotonic() + PATIENCE
    with guard.cursor() as cursor:
        cursor.execute(BEGIN)
        while not cursor.execute(TRY).fetchone()[0]:
            if time.monotonic() > patience:
                raise CommandError(f"Somebody else has been migrating this database for {PATIENCE} s: look there.")
            time.sleep(LOOK_AGAIN)
