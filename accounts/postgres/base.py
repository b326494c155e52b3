"""Django's PostgreSQL backend, with connections that give up waiting and migrations that may take their time."""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

from accounts.database.timeouts import FOR_EVER, NoAnswer, at_most, bounded, connecting

# A migration that rewrites a table takes as long as it takes. It still may not wait long for a lock: whoever
# wants a table makes everybody wait behind them.
LIFTED = ("statement_timeout", "idle_in_transaction_session_timeout")


class Connection(psycopg.Connection[Any]):
    """psycopg connection that closes itself when the server does not answer in time."""

    def wait(self, gen, *args, **kwargs):
        try:
            return super().wait(bounded(gen), *args, **kwargs)
        except NoAnswer:
            self.pgconn.finish()
            raise


class SchemaEditor(DatabaseSchemaEditor):
    """Schema editor that lifts the statement and idle timeouts for the time of a migration."""

    def __enter__(self):
        super().__enter__()
        self._lifted = ExitStack()
        self._lifted.enter_context(at_most(FOR_EVER))
        if not self.collect_sql:
            self._lift()
        return self

    def _lift(self):
        """Lift for the transaction; a migration without one (an index built concurrently) cleans up after itself."""
        for name in LIFTED:
            scope = "LOCAL" if self.atomic_migration else "SESSION"
            self._say(f"SET {scope} {name} = 0")
            if not self.atomic_migration:
                self._lifted.callback(self._say, f"RESET {name}")

    def _say(self, statement):
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def __exit__(self, *error):
        with self._lifted:
            super().__exit__(*error)


class DatabaseWrapper(base.DatabaseWrapper):
    """Database wrapper with bounded connections, pooled or not."""

    # psycopg as Django sees it, but for the class of its connections
    Database = SimpleNamespace(**vars(psycopg) | {"connect": Connection.connect})  # type: ignore[assignment]
    SchemaEditorClass = SchemaEditor

    def __init__(self, settings_dict, *args, **kwargs):
        if pool := settings_dict.get("OPTIONS", {}).get("pool"):
            options = settings_dict["OPTIONS"] | {"pool": pool | {"connection_class": Connection}}
            settings_dict = settings_dict | {"OPTIONS": options}
        super().__init__(settings_dict, *args, **kwargs)

    def get_new_connection(self, conn_params):
        with connecting():
            return super().get_new_connection(conn_params)
