"""`manage.py web` as a process of its own, on the database of the tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from launcher import programs
from stage import Process
from stage.stage import free_port
from tests.web.raw import ask, request

WORD = "service:a word that only the mail service knows"


@contextmanager
def web(home: Path) -> Iterator[tuple[Process, int]]:
    port = free_port()
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    named = {"PORT": str(port), "ARRIVALS_HOME": str(home), "DATABASE_URL": database, "WEBHOOK_SECRET": WORD}
    with Process(programs.command("web"), home / "web.log", named | {"DEBUG": "1", "THROTTLES": "off"}) as process:
        process.wait_until(lambda: answers(port), 60)
        yield process, port


def answers(port: int) -> bool:
    try:
        return ask(port, request("GET /healthz")).status == 200
    except OSError:
        return False
