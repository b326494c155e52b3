"""PostgreSQL workspace backend (`postgres-schema:`): schema, owner role and first table of each, in one transaction.

Names come from the account's id, never from what somebody typed. Roles cannot log in: the platform grants
them to the role it connects with (`SET ROLE`), so that one workspace cannot read another's tables.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from provisioning.exceptions import NOT_OWED, StepFailed
from provisioning.models import Step


def create(step: Step, url: str) -> str:
    """Create the schema, and return its name. Safe to repeat: whatever is there already is left as it is."""
    name = name_for(step.account_id)
    try:
        _create(name, step)
    except ProgrammingError as error:
        raise StepFailed(f"the database refused to make the schema: {error}"[:500], failure="refused") from error
    return name


def name_for(account_id: UUID) -> str:
    """Name of the schema and of the role that owns it."""
    return f"{PREFIX}{account_id.hex}"


def listed(url: str) -> Iterator[str]:
    """Ids of the accounts that have a schema here."""
    after = ""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(LIST, [after])
            names = [name for (name,) in cursor.fetchall()]
            yield from (str(UUID(name.removeprefix(PREFIX))) for name in names)
            if not names:
                return
            after = names[-1]


def remove(account_id: UUID) -> None:
    """Drop the schema with all that is in it, and its owner, in the caller's transaction.

    None there, nothing done.
    """
    name = name_for(account_id)
    with connection.cursor() as cursor:
        if _role_exists(cursor, name):
            for statement in REMOVAL:
                cursor.execute(sql.SQL(statement).format(schema=sql.Identifier(name)))


def _create(name: str, step: Step) -> None:
    """Create role, schema and table in one transaction that holds the account.

    Whoever deletes the account meanwhile waits for this to end, and finds the schema.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accounts_account WHERE id = %s FOR KEY SHARE", [step.account_id])
        if not cursor.fetchone():
            raise StepFailed("they have deleted everything", failure=NOT_OWED, permanent=True)
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        if not _role_exists(cursor, name):
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        for statement in STATEMENTS:
            cursor.execute(sql.SQL(statement).format(schema=sql.Identifier(name)))
        cursor.execute(
            sql.SQL("INSERT INTO {}.about (company) SELECT %s WHERE NOT EXISTS (SELECT FROM {}.about)").format(
                sql.Identifier(name), sql.Identifier(name)
            ),
            [step.account.company],
        )


PREFIX = "workspace_"
LIST = r"""
    SELECT nspname::text FROM pg_namespace WHERE nspname ~ '^workspace_[0-9a-f]{32}$' AND nspname > %s::name
    ORDER BY nspname LIMIT 1000
"""
STATEMENTS = (
    "GRANT {schema} TO current_user",
    "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {schema}",
    "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
    "CREATE TABLE IF NOT EXISTS {schema}.about (company text NOT NULL, created timestamptz NOT NULL DEFAULT now())",
    "ALTER TABLE {schema}.about OWNER TO {schema}",
)
REMOVAL = ("DROP SCHEMA IF EXISTS {schema} CASCADE", "DROP OWNED BY {schema}", "DROP ROLE {schema}")


def _role_exists(cursor, name: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    return cursor.fetchone() is not None
