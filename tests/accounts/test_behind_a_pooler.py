"""PgBouncer in transaction mode refuses options of a connection, and may be the one who falls silent."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import processes
from stage.processes import wait_until
from tests.accounts.far import HOLD, LOOK, connected, database_on, heard, program, tell

HERE, DATABASE = "127.0.0.1", f"127.0.{os.getpid() % 250}.9"  # whoever tests beside us has another
AN_ANSWER = 15.0  # seconds
POOLER = shutil.which("pgbouncer")
pytestmark = [
    pytest.mark.skipif(POOLER is None, reason="needs pgbouncer"),
    pytest.mark.xdist_group("dark link"),
]
LIMITS = """
import django; django.setup()
from django.core.management import call_command
from django.db import connection
from accounts.database.timeouts import too_patient
call_command("migrate", "accounts", "0002", verbosity=0)
call_command("migrate", verbosity=0)
print(too_patient(connection))
"""


class Bouncer:
    def __init__(self, home: Path) -> None:
        with socket.create_server((HERE, 0)) as free:
            self.port = free.getsockname()[1]
        self.home = home
        self.url = f"postgres://postgres@{HERE}:{self.port}/arrivals"

    def start(self) -> None:
        settings = self.home / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\narrivals = host={DATABASE} port=5432 user=postgres\n[pgbouncer]\nlisten_addr = {HERE}\n"
            f"listen_port = {self.port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        )
        _owner, become = processes.not_root(self.home)
        self.child = processes.spawn([POOLER or "", str(settings)], death=signal.SIGKILL, become=become)
        wait_until(self.answers, 20, "pgbouncer")

    def answers(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex((HERE, self.port)) == 0

    def freeze(self) -> None:
        os.kill(self.child.pid, signal.SIGSTOP)


@pytest.fixture
def pooler(tmp_path) -> Iterator[Bouncer]:
    with database_on(DATABASE, tmp_path):
        built = Bouncer(tmp_path)
        try:
            built.start()
            yield built
        finally:
            processes.stop(built.child, signal.SIGKILL, 5)


def test_sessions_are_limited(pooler):
    with program(LIMITS, pooler.url, pooler.home) as asking:
        assert heard(asking) == "{}"


def test_when_it_falls_silent(pooler):
    with program(HOLD, pooler.url, pooler.home) as gone, program(LOOK, pooler.url, pooler.home) as web:
        assert (heard(gone), heard(web)) == ("held", "200")
        pooler.freeze()
        began = time.monotonic()
        tell(web, "look")
        with connected(pooler.home) as here:
            here.execute("SET lock_timeout = '60s'")
            assert len(here.execute("SELECT FROM accounts_account FOR UPDATE").fetchall()) == 1
        assert time.monotonic() - began < AN_ANSWER
        for _ in range(3):
            status, took = heard(web).split()
            assert (status, float(took) < AN_ANSWER) == ("503", True)
