"""Any one process of Arrivals killed -9 in the middle of the work, or the broker emptied: only time is lost."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg
import pytest
import redis

from launcher import private_servers
from stage.processes import wait_until
from stage.stage import Stage, stage

PEOPLE = 200
NEWCOMER = """
    INSERT INTO accounts_account (id, email, name, phone, company, password, reference, status, is_active,
        is_staff, is_superuser, address_taken, needed_because, asked_at)
    VALUES (%s, %s, 'Dana Sommer', '', 'Acme', '!', 'AAA-AAAA', 'created', true, false, false, '', '', now())
"""


pytestmark = pytest.mark.xdist_group("processes")  # one stage for them all, in this order


@pytest.fixture(scope="module")
def theatre() -> Iterator[Stage]:
    with stage(SETUP_LEASE_SECONDS="5", SETUP_GIVE_UP_AFTER="50", SETUP_THREADS="8") as built:
        yield built


def home(theatre: Stage) -> Path:
    return Path(theatre.env["ARRIVALS_HOME"])


def ask(theatre: Stage, question: str, rows: list[tuple] | None = None) -> list[tuple]:
    parts = urlsplit(private_servers.database_url(home(theatre)))
    host = parse_qs(parts.query)["host"][0]
    with psycopg.connect(host=host, dbname="arrivals", user="postgres", port=5432) as connection:
        cursor = connection.cursor()
        if rows is None:
            return cursor.execute(question).fetchall()
        cursor.executemany(question, rows)
    return []


def processes_of(theatre: Stage, word: str) -> list[int]:
    """The pids below `up` whose command has that word in it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found[int(folder.name)] = (parent, (folder / "cmdline").read_bytes().decode(errors="replace"))
        except (OSError, ValueError):
            continue  # it ended while we looked

    def is_below(pid: int) -> bool:
        return pid == theatre.process.pid or (pid in found and is_below(found[pid][0]))

    return [pid for pid, (_parent, command) in found.items() if word in command and is_below(pid)]


def kill(theatre: Stage, word: str) -> None:
    pids = processes_of(theatre, word)
    assert pids, f"no {word} is running"
    for pid in pids:
        with suppress(ProcessLookupError):  # a server's children follow it by themselves
            os.kill(pid, signal.SIGKILL)


def flush(theatre: Stage, _word: str) -> None:
    path = urlsplit(private_servers.redis_url(home(theatre))).path
    with redis.Redis(unix_socket_path=path) as broker:
        broker.flushall()


@pytest.mark.parametrize(
    ("act", "word"),
    [(kill, "\0worker\0"), (kill, "\0beat\0"), (kill, "valkey"), (flush, ""), (kill, "postgres")],
    ids=["worker", "beat", "broker", "flush", "database"],
)
def test_nobody_is_lost(theatre, act, word):
    theatre.workspaces.reset()
    theatre.workspaces.delay = 0.1
    theatre.workspaces.mode = "slow"
    here = uuid4().hex
    wait_until(lambda: ask_safely(theatre), 60, "the database")
    ask(theatre, NEWCOMER, [(uuid4(), f"dana{n}@{here}.example") for n in range(PEOPLE)])
    theatre.workspaces.wait_for_requests(20, timeout=60)
    act(theatre, word)
    wait_until(lambda: left_behind(theatre) == 0, 120, "everybody to be ACTIVE")
    assert sorted(theatre.workspaces.effects.values()) == [1] * PEOPLE
    letters = Counter(letter.recipients[0] for letter in theatre.mail.received)
    ours = [number for address, number in letters.items() if address.endswith(f"@{here}.example")]
    assert len(ours) == PEOPLE and max(ours) <= 2, "one crash is worth one letter more, and no two"


def ask_safely(theatre: Stage) -> list[tuple]:
    try:
        return ask(theatre, "SELECT count(*) FROM accounts_account")
    except psycopg.OperationalError:
        return []


def left_behind(theatre: Stage) -> int | None:
    try:
        return ask(theatre, "SELECT count(*) FROM accounts_account WHERE status <> 'active'")[0][0]
    except psycopg.OperationalError:
        return None
