"""`postgres-schema:` a schema, an owner role and a first table for each workspace, in one transaction.

Names come from the account's id, never from what somebody typed. Roles cannot log in: the platform grants
them to the role it connects with (`SET ROLE`), so that one workspace cannot read another's tables.
"""

from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from provisioning.failures import StepFailed
from provisioning.models import Step


def create(step: Step, url: str) -> str:
    """The name of the schema. Safe to repeat: whatever is there already is left as it is."""
    name = f"workspace_{step.account_id.hex}"
    try:
        _create(name, step.account.company)
    except ProgrammingError as error:
        raise StepFailed(f"the database refused to make the schema: {error}"[:500], failure="refused") from error
    return name


def _create(name: str, company: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        if not _role_exists(cursor, name):
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        for statement in STATEMENTS:
            cursor.execute(sql.SQL(statement).format(schema=sql.Identifier(name)))
        cursor.execute(
            sql.SQL("INSERT INTO {}.about (company) SELECT %s WHERE NOT EXISTS (SELECT FROM {}.about)").format(
                sql.Identifier(name), sql.Identifier(name)
            ),
            [company],
        )


STATEMENTS = (
    "GRANT {schema} TO current_user",
    "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {schema}",
    "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
    "CREATE TABLE IF NOT EXISTS {schema}.about (company text NOT NULL, created timestamptz NOT NULL DEFAULT now())",
    "ALTER TABLE {schema}.about OWNER TO {schema}",
)


def _role_exists(cursor, name: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    return cursor.fetchone() is not None
