"""Ground to measure on: private PostgreSQL and Valkey as safe as in real life, and the engine's own programs.

Importing it chooses the servers' folder and sets Django up, so it comes before anything that has models.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command
from django.db import connection

from config import embedded
from config.management.commands import up
from tests.world import Process
from tests.world.processes import wait_until

PROJECT = Path(__file__).resolve().parents[1]
KEPT = Path(os.environ.get("ARRIVALS_HOME") or PROJECT / ".arrivals").absolute()  # what outlives a run
FOLDER = TemporaryDirectory(prefix="arrivals-bench-")
HOME = Path(FOLDER.name)
STEPS = "bench.stub.first_service,bench.stub.second_service"

os.environ |= {
    "ARRIVALS_HOME": str(HOME),
    "DATABASE_URL": embedded.database_url(HOME),
    "REDIS_URL": embedded.redis_url(HOME),
    "SECRET_KEY": "for measuring only: nobody's secret at all",
    "SETUP_STEPS": STEPS,
    "SWEEP_SECONDS": "1",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "PYTHONWARNINGS": up.ROOT_IS_FINE,
}
django.setup()

PEOPLE = """
    INSERT INTO accounts_account (id, email, name, phone, company, reference, password, status, status_at,
        created_at, asked_at, is_superuser, is_active, is_staff)
    SELECT gen_random_uuid(), 'dana' || n || '@bench.example', 'Dana Sommer', '', 'Acme', 'BENCH', '', %(status)s,
        now(), now(), CASE WHEN %(status)s = 'created' THEN now() END, false, true, false
    FROM generate_series(%(first)s + 1, %(first)s + %(number)s) AS n
"""


@contextmanager
def ground(throwaway: bool = False) -> Iterator[None]:
    with FOLDER, embedded.running(HOME, throwaway=throwaway):
        call_command("migrate", verbosity=0)
        yield
        connection.close()


def ask(sql: str, **values):
    """The first column of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchone()[0] if cursor.description else None


def sign_up(number: int, status: str = "created") -> None:
    ask(PEOPLE, number=number, status=status, first=ask("SELECT count(*) FROM accounts_account"))


def everybody_leaves() -> None:
    ask("TRUNCATE accounts_account, provisioning_dependency CASCADE")


def unfinished() -> int:
    return ask("SELECT count(*) FROM accounts_account WHERE status <> 'active'")


def wait_for_all(timeout: float, look: Callable[[], object] = lambda: None) -> None:
    """Until everybody is ACTIVE. Raises TimeoutError."""
    wait_until(lambda: (look(), unfinished() == 0)[1], timeout, "everybody to be ACTIVE")


def program(command: str, name: str, **env: str) -> Process:
    return Process([sys.executable, "-m", *shlex.split(command)], HOME / f"{name}.log", env)


def worker(**env: str) -> Process:
    """As `manage.py up` starts it."""
    return program(up.WORKER, "worker", **env)


def beat(**env: str) -> Process:
    return program(up.BEAT, "beat", **env)
