"""No new migration breaks the release that runs beside it, or keeps a table that grows from its writers."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.sql_analyser import PostgresqlAnalyser, analyse_sql_statements

from tests.config.surroundings import PROJECT

# Those of the time before 1.0.0, when nobody ran two releases.
BEFORE = {"accounts": 7, "provisioning": 10, "support": 9, "product": 0}
# "room.migration": why it harms nobody all the same.
EXCUSED: dict[str, str] = {}
SCANS = re.compile(r'ALTER TABLE ("\w+") ADD CONSTRAINT .*(CHECK|FOREIGN KEY)', re.IGNORECASE)


def is_new(room: str, name: str) -> bool:
    return int(name[:4]) > BEFORE[room]


def statements(sql: str) -> list[str]:
    return [line for line in sql.splitlines() if line.strip() and not line.startswith("--")]


def harm_of(sql: list[str]) -> list[str]:
    """What it breaks or locks, in words."""
    errors, _ignored, warnings = analyse_sql_statements(PostgresqlAnalyser, sql)
    return [issue.message for issue in (*errors, *warnings)] + [line for line in sql if scans_a_table(line, sql)]


def scans_a_table(line: str, sql: list[str]) -> bool:
    """True for a constraint that reads an old table whole while nobody may write to it."""
    found = SCANS.search(line)
    if found is None or "NOT VALID" in line:
        return False
    return not any(made.startswith(f"CREATE TABLE {found[1]}") for made in sql)


@pytest.mark.django_db(transaction=True)  # an index that is made concurrently is made in none
def test_no_new_migration_harms_the_release_beside_it():
    harmful = {}
    for room, name in MigrationLoader(connection).disk_migrations:
        if room in BEFORE and is_new(room, name) and f"{room}.{name}" not in EXCUSED:
            sql = call_command("sqlmigrate", room, name, stdout=StringIO())
            if harm := harm_of(statements(sql)):
                harmful[f"{room}.{name}"] = harm
    assert harmful == {}


def test_every_excuse_is_for_a_migration_that_is_there():
    assert [
        name for name in EXCUSED if not (PROJECT / name.replace(".", "/migrations/", 1)).with_suffix(".py").exists()
    ] == []
    assert all(EXCUSED.values())
    rooms = {path.parent.parent.name for path in Path(PROJECT).glob("*/migrations/__init__.py")}
    assert rooms <= BEFORE.keys()


BEGIN, COMMIT = "BEGIN;", "COMMIT;"
ADD = 'ALTER TABLE "accounts_account" ADD COLUMN "colour" varchar(9)'


@pytest.mark.parametrize(
    ("sql", "harms"),
    [
        ([f"{ADD} NULL;"], False),
        ([f"{ADD} DEFAULT '' NOT NULL;"], False),
        ([f"{ADD} NOT NULL;"], True),
        ([f"{ADD} DEFAULT '' NOT NULL;", 'ALTER TABLE "accounts_account" ALTER COLUMN "colour" DROP DEFAULT;'], True),
        (['ALTER TABLE "accounts_account" DROP COLUMN "phone" CASCADE;'], True),
        (['ALTER TABLE "accounts_account" RENAME COLUMN "phone" TO "telephone";'], True),
        (['ALTER TABLE "accounts_account" RENAME TO "people";'], True),
        (['DROP TABLE "accounts_event" CASCADE;'], True),
        (['CREATE INDEX "by_phone" ON "accounts_account" ("phone");'], True),
        (['CREATE INDEX CONCURRENTLY "by_phone" ON "accounts_account" ("phone");'], False),
        (['ALTER TABLE "accounts_account" ADD CONSTRAINT "short" CHECK ("phone" < \'9\');'], True),
        (['ALTER TABLE "accounts_account" ADD CONSTRAINT "short" CHECK ("phone" < \'9\') NOT VALID;'], False),
        (['CREATE TABLE "product_client" ("id" bigint);', 'CREATE INDEX "x" ON "product_client" ("id");'], False),
    ],
)  # fmt: skip
def test_it_knows_harm_when_it_sees_it(sql, harms):
    assert bool(harm_of([BEGIN, *sql, COMMIT])) is harms
