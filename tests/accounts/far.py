"""A database that is reached over a network, and programs of ours that use it from elsewhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from launcher.postgres import Postgres
from launcher.private_servers import Servers
from launcher.servers import claim_sockets

PROJECT = Path(__file__).resolve().parents[2]

HOLD = """
import django; django.setup()
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT id FROM accounts_account FOR UPDATE")
    print("held", flush=True)
    input()
"""
LOOK = """
import sys, time
import django; django.setup()
from django.test import Client
visitor = Client(raise_request_exception=False, headers={"host": "localhost"})
fields = {"email": "eve@acme.example", "password": "x"}
print(visitor.post("/login/", fields).status_code, flush=True)
input()
for path, sent in (("/login/", fields), ("/login/", fields), ("/readyz", None)):
    began = time.monotonic()
    page = visitor.post(path, sent) if sent else visitor.get(path)
    print(page.status_code, time.monotonic() - began, flush=True)
"""

# A program that serves no page: nobody but the kernel gives up for it. It asks into the dark, or is waiting already.
ASK = """
import sys, time
import django; django.setup()
from django.db import OperationalError, connection
def ask(question):
    with connection.cursor() as cursor:
        cursor.execute(question)
ask("SET statement_timeout = 0")
print("here", flush=True)
if sys.stdin.readline().strip() == "first":
    input()
began = time.monotonic()
try:
    ask("SELECT pg_sleep(50)")
except OperationalError as error:
    print(time.monotonic() - began, error.__cause__.sqlstate, flush=True)
"""


class OnTheWire(Postgres):
    """Listens on one address of this host, for whoever comes from the other."""

    address = ""

    def _options(self) -> list[str]:
        return [*super()._options(), "-c", f"listen_addresses={self.address}"]

    def _initialise(self, programs: Path, owner: int) -> None:
        super()._initialise(programs, owner)
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {self.address}/24 trust\n")


@contextmanager
def database_on(address: str, home: Path) -> Iterator[None]:
    """With one person in it."""
    servers = Servers(home, valkey=False)
    server = OnTheWire(home, throwaway=True)
    server.address = address
    servers.servers = [server]
    try:
        claim_sockets(home)
        servers.ensure()
        migrate(home)
        yield
    finally:
        servers.stop()


def migrate(home: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "manage.py", "migrate", "-v", "0"]
    subprocess.run(command, env=env | {"ARRIVALS_HOME": str(home)}, cwd=PROJECT, check=True)
    with connected(home) as connection:
        connection.execute(
            "INSERT INTO accounts_account (id, email, name, phone, company, password, reference, status, is_active,"
            " is_staff, is_superuser, address_taken, needed_because) VALUES (gen_random_uuid(), 'dana@acme.example',"
            " 'Dana', '', 'Acme', '!', 'AAA-AAAA', 'created', true, false, false, '', '')"
        )


def connected(home: Path) -> psycopg.Connection:
    return psycopg.connect(host=str(home / "run"), user="postgres", dbname="arrivals", autocommit=True)


@contextmanager
def program(
    script: str, database_url: str, home: Path, inside: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    env = os.environ | {"DATABASE_URL": database_url, "ARRIVALS_HOME": str(home)}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command, pipe = [*inside, sys.executable, "-c", script], subprocess.PIPE
    child = subprocess.Popen(command, env=env, cwd=PROJECT, text=True, stdin=pipe, stdout=pipe)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def heard(program: subprocess.Popen[str]) -> str:
    assert program.stdout
    return program.stdout.readline().strip()


def tell(program: subprocess.Popen[str], word: str) -> None:
    assert program.stdin
    program.stdin.write(f"{word}\n")
    program.stdin.flush()
