"""Servers for the benchmarks: private PostgreSQL and Valkey as safe as in real life, and the engine's own programs.

Importing it chooses the servers' folder and sets Django up, so it comes before anything that has models.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.db.models.functions import Now

from launcher import private_servers, programs
from stage import Process
from stage.processes import wait_until

PROJECT = Path(__file__).resolve().parents[1]
KEPT = Path(os.environ.get("ARRIVALS_HOME") or PROJECT / ".arrivals").absolute()  # what outlives a run
FOLDER = TemporaryDirectory(prefix="arrivals-bench-")
HOME = Path(FOLDER.name)
STEPS = "bench.stub.first_service,bench.stub.second_service"

os.environ |= {
    "ARRIVALS_HOME": str(HOME),
    "DATABASE_URL": private_servers.database_url(HOME),
    "REDIS_URL": private_servers.redis_url(HOME),
    "SECRET_KEY": "for-measuring-only-and-nobodys-secret-at-all-0123456789",
    "SETUP_STEPS": STEPS,
    "SWEEP_SECONDS": "1",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "PYTHONWARNINGS": programs.ROOT_IS_FINE,
}
django.setup()

from accounts.models import Account  # noqa: E402


@contextmanager
def ground(throwaway: bool = False) -> Iterator[None]:
    with FOLDER, private_servers.running(HOME, throwaway=throwaway):
        call_command("migrate", verbosity=0)
        yield
        connection.close()


def ask(sql: str, **values):
    """The first column of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchone()[0] if cursor.description else None


def multiply(row: Model, source: str, **different: str) -> None:
    """Many rows like this one, which goes; the columns in `different` are SQL over the rows of `source`."""
    table = row._meta.db_table
    columns = [field.column for field in row._meta.fields if field.column != "id" or "id" in different]
    values = [different.get(column, f"model.{column}") for column in columns]
    ask(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM {table} AS model, {source} WHERE model.id = %(pk)s",
        pk=row.pk,
    )
    row.delete()


def sign_up(number: int, status: str = "created") -> None:
    """People who have just signed up, or who have arrived already."""
    first = Account.objects.count()
    person = Account(email="dana@bench.example", name="Dana Sommer", company="Acme", status=status)
    person.save()
    Account.objects.filter(pk=person.pk, status="created").update(asked_at=Now())
    numbers = f"generate_series({first + 1}, {first + number}) AS n"
    multiply(person, numbers, id="gen_random_uuid()", email="'dana' || n || '@bench.example'")


def everybody_leaves() -> None:
    ask("TRUNCATE accounts_account, provisioning_dependency CASCADE")


def unfinished() -> int:
    return ask("SELECT count(*) FROM accounts_account WHERE status <> 'active'")


def wait_for_all(timeout: float, look: Callable[[], object] = lambda: None) -> None:
    """Until everybody is ACTIVE. Raises TimeoutError."""
    wait_until(lambda: (look(), unfinished() == 0)[1], timeout, "everybody to be ACTIVE")


def program(name: str, **env: str) -> Process:
    """As `manage.py up` starts it."""
    return Process(programs.command(name), HOME / f"{name}.log", programs.environment() | env)


def worker(**env: str) -> Process:
    return program("worker", **env)


def beat(**env: str) -> Process:
    return program("beat", **env)
