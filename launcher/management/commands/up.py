"""Management command that runs everything: private servers where none are named, migrations, web, worker, beat."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from config.web import listen
from launcher import processes, programs
from launcher.private_servers import Servers
from launcher.servers import locked
from launcher.supervisor import Program, Supervisor

ORPHANS_LIVE = 3.0  # seconds


class Command(BaseCommand):
    """`manage.py up`: everything under one supervisor, until SIGINT or SIGTERM."""

    help = "Runs everything: private servers where none are named, migrations, web, worker, beat."

    def handle(self, *args: object, **options: object) -> None:
        self.host, self.port = settings.HOST, settings.PORT
        self.announced = False
        with the_only_one(settings.ARRIVALS_HOME, self.port):
            refuse_taken_port(self.host, self.port)
            self.run_everything()

    def run_everything(self) -> None:
        servers = Servers(settings.ARRIVALS_HOME, postgres=settings.PRIVATE_POSTGRES, valkey=settings.PRIVATE_VALKEY)
        try:
            servers.ensure()
            migrate()
            call_command("collectstatic", interactive=False, verbosity=0)
            Supervisor(the_three(), servers).run(self.announce_once)
        finally:
            servers.stop()

    def announce_once(self) -> None:
        if not self.announced and is_healthy(self.host, self.port):
            self.announced = True
            self.stdout.write("\n".join(announcement(self.port)))
            self.stdout.flush()


@contextmanager
def the_only_one(home: Path, port: int) -> Iterator[None]:
    """Hold the lock of a home: one home is one Arrivals. It goes with its process, however that ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a+") as lock:
        if not processes.until(lambda: locked(lock.fileno()), ORPHANS_LIVE):
            lock.seek(0)
            where = f"{home}{lock.read()}"
            raise CommandError(f"Arrivals already runs in {where}: stop it, or name another ARRIVALS_HOME.")
        lock.truncate(0)
        lock.write(f", at http://localhost:{port}")
        lock.flush()
        yield


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError for a port that is in use.

    After a kill -9 the port is free within a second or so, when the orphans have noticed.
    """
    if not processes.until(lambda: is_free(host, port), ORPHANS_LIVE):
        raise CommandError(f"PORT {port} cannot be had on {host}: name another, as PORT=8001.")


def is_free(host: str, port: int) -> bool:
    """Return True if we can listen on the port."""
    try:
        listen(host, port).close()
    except OSError:
        return False
    return True


def migrate() -> None:
    """Migrate the database. Raises CommandError where none answers."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise CommandError(f"DATABASE_URL leads to no database that answers: {error}") from error
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()


def the_three() -> Iterator[Program]:
    """Yield web, worker and beat as supervised programs, and the canary where it is configured."""
    environment = programs.environment() | {programs.SUPERVISED: "1"}
    for name in (*programs.NAMES, *(["canary"] if settings.CANARY_EVERY else [])):
        yield Program(name, programs.command(name), environment, settings.BASE_DIR)


def is_healthy(host: str, port: int) -> bool:
    """Return True if /healthz answers 200.

    Asks as the proxy in front would, lest a wrong host or a redirect to https answer for the page.
    """
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
    """Yield the lines that `up` prints once the site is healthy."""
    yield f"Arrivals is at http://localhost:{port}"
    yield f"  Letters {where_letters_go()}."
    if settings.PRIVATE_POSTGRES or settings.PRIVATE_VALKEY:
        yield f"  Private data is in {settings.ARRIVALS_HOME}"
    yield f"  A support person for /admin/: {python()} manage.py createsuperuser"
    yield "  Stop with Ctrl-C."


def where_letters_go() -> str:
    """Describe the mail backend in words."""
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return f"land as files in {settings.EMAIL_FILE_PATH}"  # type: ignore[misc]
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return f"go to {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    return f"go by {settings.EMAIL_BACKEND}"


def python() -> str:
    """Return the command line of this Python, with ARRIVALS_HOME if it is named."""
    home = os.environ.get("ARRIVALS_HOME")
    program = os.path.relpath(sys.executable, Path.cwd())
    return f"ARRIVALS_HOME={shlex.quote(home)} {program}" if home else program
