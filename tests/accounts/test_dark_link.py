"""A cable that is cut says nothing: no FIN, no RST. Two hosts, a real PostgreSQL, and frames that reach nobody.

A relay on loopback cannot show it, since the kernel goes on acknowledging there.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import count, islice
from pathlib import Path

import pytest

from stage.processes import wait_until
from tests.accounts.far import ASK, HOLD, LOOK, connected, database_on, heard, program, tell

NOBODYS = "02:00:00:00:00:99"
AN_ANSWER = 15.0  # seconds
KERNEL = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
NUMBERS = count(os.getpid() * 17)  # the kernel takes its time to clear a lab away
pytestmark = pytest.mark.xdist_group("dark link")


class Lab:
    """This host, and another one: a network namespace at the other end of a cable."""

    def __init__(self, home: Path, number: int) -> None:
        self.home = home
        self.name, self.cable, self.far = f"dark{number}", f"dark{number}a", f"dark{number}b"
        self.here, self.there = f"10.213.{number}.1", f"10.213.{number}.2"

    def build(self) -> None:
        ip("link", "add", self.cable, "type", "veth", "peer", "name", self.far, "netns", self.name)
        ip("addr", "add", f"{self.here}/24", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        for words in (f"addr add {self.there}/24 dev {self.far}", f"link set {self.far} up", "link set lo up"):
            ip("-n", self.name, *words.split())

    def clear(self) -> None:
        ip("netns", "del", self.name)

    def cut(self) -> None:
        """From now on each sends to a card that neither of them has."""
        ip("neigh", "replace", self.there, "lladdr", NOBODYS, "dev", self.cable, "nud", "permanent")
        ip("-n", self.name, "neigh", "replace", self.here, "lladdr", NOBODYS, "dev", self.far, "nud", "permanent")

    def runs(self, script: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """On the other host."""
        url = f"postgres://postgres@{self.here}:5432/arrivals"
        return program(script, url, self.home, ("ip", "netns", "exec", self.name))


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def another_host() -> int | None:
    """The number of one that nobody else has, or None where there can be none."""
    numbers = [number % 250 for number in islice(NUMBERS, 5)]
    return next((number for number in numbers if may_add(f"dark{number}")), None)


def may_add(name: str) -> bool:
    return shutil.which("ip") is not None and subprocess.call(["ip", "netns", "add", name]) == 0


@pytest.fixture
def lab(tmp_path) -> Iterator[Lab]:
    number = another_host()
    if number is None:
        pytest.skip("needs root, iproute2 and network namespaces")
    built = Lab(tmp_path, number)
    try:
        built.build()
        with database_on(built.here, tmp_path):
            yield built
    finally:
        built.clear()


def limits_of(home: Path, *names: str) -> None:
    """Only these: whichever of them it takes must do it alone."""
    with connected(home) as connection:
        found = connection.execute("SELECT unnest(setconfig) FROM pg_db_role_setting").fetchall()
        for name in {line.partition("=")[0] for (line,) in found} - set(names):
            connection.execute(f"ALTER DATABASE arrivals RESET {name}")


@pytest.mark.parametrize("by", [KERNEL, ("idle_in_transaction_session_timeout",)], ids=["kernel", "transaction"])
def test_what_a_host_that_is_gone_had_locked(lab, by):
    limits_of(lab.home, *by)
    with lab.runs(HOLD) as gone, connected(lab.home) as here:
        assert heard(gone) == "held"
        assert not here.execute("SELECT FROM accounts_account FOR UPDATE SKIP LOCKED").fetchall()
        lab.cut()
        began = time.monotonic()
        here.execute("SET lock_timeout = '60s'")
        assert len(here.execute("SELECT FROM accounts_account FOR UPDATE").fetchall()) == 1
        assert time.monotonic() - began < AN_ANSWER


@pytest.mark.parametrize("when", ["asks into the dark", "is waiting for an answer"])
def test_a_program_of_a_host_that_is_cut_off(lab, when):
    with lab.runs(ASK) as program, connected(lab.home) as here:
        assert heard(program) == "here"
        if when == "asks into the dark":
            tell(program, "first")
            lab.cut()
            tell(program, "now")
        else:
            tell(program, "now")
            asleep = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            wait_until(lambda: here.execute(asleep).fetchall(), 30, "the question")
            lab.cut()
        took, state = heard(program).split()
        assert (float(took) < AN_ANSWER, state) == (True, "None")


def test_a_page_of_a_host_that_is_cut_off(lab):
    with lab.runs(LOOK) as web:
        assert heard(web) == "200"
        lab.cut()
        tell(web, "look")
        for _ in range(3):
            status, took = heard(web).split()
            assert (status, float(took) < AN_ANSWER) == ("503", True)
