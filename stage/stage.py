"""The whole of Arrivals under `manage.py up`, with fault-injecting services around it. Needs no Django."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stage import MailServer, Process, Provisioner
from stage.visitor import Visitor

SUPPORTER = {"email": "jordan@arrivals.example", "password": "a quiet monday morning"}
IMPATIENT = {"SETUP_RETRY_SECONDS": "1", "SETUP_GIVE_UP_AFTER": "4", "SWEEP_SECONDS": "1"}
CONFIGURED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "DEBUG", "THROTTLES", "HOST")


@dataclass
class Stage:
    """A running Arrivals, with its fault-injecting mail server and workspace API."""

    site: str
    mail: MailServer
    workspaces: Provisioner
    process: Process
    env: dict[str, str]

    def visitor(self) -> Visitor:
        return Visitor(self.site)

    def manage(self, *words: str, **env: str) -> None:
        """Run another command against the same private servers. Raises ChildProcessError."""
        log = Path(self.env["ARRIVALS_HOME"]) / f"{words[0]}.log"
        with Process([sys.executable, "manage.py", *words], log, self.env | env) as command:
            if command.wait(60):
                raise ChildProcessError(command.output)

    def hire_supporter(self) -> Visitor:
        self.manage(
            *("createsuperuser", "--no-input", "--name", "Jordan"),
            DJANGO_SUPERUSER_EMAIL=SUPPORTER["email"],
            DJANGO_SUPERUSER_PASSWORD=SUPPORTER["password"],
        )
        jordan = self.visitor()
        jordan.post("/admin/login/", username=SUPPORTER["email"], password=SUPPORTER["password"], next="/admin/")
        return jordan


@contextmanager
def stage(**env: str) -> Iterator[Stage]:
    """Context manager that runs `manage.py up` in a home of its own."""
    with TemporaryDirectory(prefix="arrivals-") as home, MailServer() as mail, Provisioner() as workspaces:
        settings = _environment(Path(home), mail, workspaces) | env
        with Process([sys.executable, "manage.py", "up"], Path(home) / "up.log", settings) as process:
            process.wait_for_line("Arrivals is at", timeout=90)
            yield Stage(f"http://localhost:{settings['PORT']}", mail, workspaces, process, settings)


def _environment(home: Path, mail: MailServer, workspaces: Provisioner) -> dict[str, str]:
    nothing_named = dict.fromkeys((name for name in CONFIGURED if name in os.environ), "")
    return {
        **nothing_named,
        **IMPATIENT,
        "ARRIVALS_HOME": str(home),
        "PORT": str(free_port()),
        "EMAIL_URL": mail.url,
        "WORKSPACE_URL": workspaces.url,
    }


def free_port() -> int:
    """Return a TCP port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
