"""Everything under one command: private servers where none are named, migrations, web, worker, beat."""

import os
import shlex
import socket
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from config import children
from config.embedded import Servers
from config.supervise import Program, Supervisor

# One process is one queue for the hashes, so no core waits while people do; with more threads than people who may
# be waiting in it, the others' pages do not wait with them.
WEB = "gunicorn config.wsgi --worker-class gthread --workers 1 --threads 32 --no-control-socket"
WORKER = "celery -q -A config worker -P threads -c 8 --without-gossip --without-mingle -l warning"
ROOT_IS_FINE = "ignore:You're running the worker with superuser"  # as in any container; we never unpickle
BEAT = "celery -q -A config beat -l warning --pidfile="
# A password hash takes 100 MiB; fetching them from the system each time, in 25,000 pages, is a third of its cost.
# They are kept in one heap (glibc takes more than 32 MiB elsewhere unless mmap is off), and in huge pages.
KEEP_HEAP = {
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}

ORPHANS_LIVE = 3.0  # seconds


class Command(BaseCommand):
    help = "Runs everything: private servers where none are named, migrations, web, worker, beat."

    def handle(self, *args: object, **options: object) -> None:
        self.host, self.port = os.environ.get("HOST") or "127.0.0.1", settings.PORT
        self.announced = False
        refuse_taken_port(self.host, self.port)
        servers = Servers(settings.ARRIVALS_HOME, postgres=settings.PRIVATE_POSTGRES, valkey=settings.PRIVATE_VALKEY)
        try:
            servers.ensure()
            migrate()
            call_command("collectstatic", interactive=False, verbosity=0)
            Supervisor(programs(self.host, self.port), servers).run(self.announce_once)
        finally:
            servers.stop()

    def announce_once(self) -> None:
        if not self.announced and is_healthy(self.host, self.port):
            self.announced = True
            self.stdout.write("\n".join(announcement(self.port)))
            self.stdout.flush()


def refuse_taken_port(host: str, port: int) -> None:
    """After a kill -9 the port is free within a second or so, when the orphans have noticed."""
    if not children.until(lambda: is_free(host, port), ORPHANS_LIVE):
        raise CommandError(f"PORT {port} cannot be had on {host}: name another, as PORT=8001.")


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), port), family=family).close()
    except OSError:
        return False
    return True


def migrate() -> None:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise CommandError(f"DATABASE_URL leads to no database that answers: {error}") from error
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()


def programs(host: str, port: int) -> Iterator[Program]:
    environment = {"PYTHONWARNINGS": ROOT_IS_FINE} | os.environ | KEEP_HEAP | {"PYTHONUNBUFFERED": "1"}
    web = f"{WEB} --log-level warning --graceful-timeout 8 --bind {host}:{port}"
    for name, command in (("web", web), ("worker", WORKER), ("beat", BEAT)):
        yield Program(name, [sys.executable, "-m", *shlex.split(command)], environment, settings.BASE_DIR)


def is_healthy(host: str, port: int) -> bool:
    """Asks as the proxy in front would, lest a wrong host or a redirect to https answer for the page."""
    asked = HTTPConnection({"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host), port, timeout=1)
    name = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
    try:
        asked.request("GET", "/healthz", headers={"Host": name, "X-Forwarded-Proto": "https"})
        return asked.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()


def announcement(port: int) -> Iterator[str]:
    yield f"Arrivals is at http://localhost:{port}"
    yield f"  Letters {where_letters_go()}."
    if settings.PRIVATE_POSTGRES or settings.PRIVATE_VALKEY:
        yield f"  Private data is in {settings.ARRIVALS_HOME}"
    yield f"  A support person for /admin/: {python()} manage.py createsuperuser"
    yield "  Stop with Ctrl-C."


def where_letters_go() -> str:
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return f"land as files in {settings.EMAIL_FILE_PATH}"  # type: ignore[misc]
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return f"go to {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    return f"go by {settings.EMAIL_BACKEND}"


def python() -> str:
    home = os.environ.get("ARRIVALS_HOME")
    program = os.path.relpath(sys.executable, Path.cwd())
    return f"ARRIVALS_HOME={shlex.quote(home)} {program}" if home else program
