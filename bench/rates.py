"""The same two trivial steps for many accounts: ours, bare Celery, Procrastinate and DBOS, in turns.

    python -m bench.rates

All on one PostgreSQL and one Valkey with their safe settings, one worker process each. The clock of a peer runs
from its first finished step that we see to its last, with all its work enqueued before; ours runs from the
sweep that finds the accounts, so making the steps is counted too.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg

from bench.ground import HOME, KEPT, PROJECT, ask, everybody_leaves, ground, sign_up, unfinished, wait_for_all, worker
from bench.plain_celery import fill, left
from bench.tables import table, verdict
from config.servers import sockets_of
from provisioning import tasks
from tests.world import Process

ROUNDS = 3
VENV = KEPT / "bench-venv"
REQUIREMENTS = PROJECT / "bench" / "requirements.txt"
ACCOUNTS = {"ours": 4000, "Celery": 4000, "Procrastinate": 500, "DBOS": 500}
CONCURRENCY = {"procrastinate": "8", "dbos": "48"}  # the best of 4, 8, 16, 48
CELERY = "celery -q -A bench.plain_celery worker -P threads -c 8 -l warning --without-gossip --without-mingle"
LEFT = {
    "procrastinate": "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'",
    "dbos": "SELECT 2 * count(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'",
}


def peers_python() -> str:
    """The peers' own environment, made when it is missing."""
    python = VENV / "bin" / "python"
    wanted, have = REQUIREMENTS.read_text(), VENV / "installed"
    if not have.exists() or have.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        have.write_text(wanted)
    return str(python)


def rate(remaining: Callable[[], int], timeout: float = 90) -> float:
    """Steps a second from the first finished one that we see to the last."""
    total = first = remaining()
    started = time.monotonic()
    deadline = started + timeout
    while (now := remaining()) and time.monotonic() < deadline:
        if first == total:
            first, started = now, time.monotonic()
        time.sleep(0.05)
    return (first - now) / (time.monotonic() - started)


def ours(accounts: int) -> float:
    everybody_leaves()
    sign_up(50)
    with worker() as process:
        tasks.sweep_.delay()
        process.wait_until(lambda: not unfinished(), 60, "the worker to be warm")
        sign_up(accounts)
        started = time.monotonic()
        wait_for_all(90, once_a_second(tasks.sweep_.delay))
        return 2 * accounts / (time.monotonic() - started)


def once_a_second(act: Callable[[], object]) -> Callable[[], None]:
    """As the beat does, without its start being in the way."""
    last = 0.0

    def look() -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            act()

    return look


def celery(accounts: int) -> float:
    """Not durable: a message is gone once it is taken."""
    fill(accounts)
    with Process([sys.executable, "-m", *CELERY.split()], HOME / "celery.log"):
        return rate(left)


def peer(name: str, accounts: int) -> float:
    ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    ask(f"CREATE DATABASE {name}")
    address = f"postgresql://postgres@/{name}?host={sockets_of(HOME)}&port=5432"
    env = {"PEER_DATABASE": address, "PEER_CONCURRENCY": CONCURRENCY[name]}
    command = [peers_python(), "-m", "bench.peer", name]
    with Process([*command, "fill", str(accounts)], HOME / f"{name}.log", env) as filling:
        filling.wait(90)
    with Process([*command, "work"], HOME / f"{name}.log", env), psycopg.connect(address, autocommit=True) as line:
        return rate(lambda: line.execute(LEFT[name]).fetchone()[0])


ENGINES: dict[str, Callable[[int], float]] = {
    "ours": ours,
    "Celery": celery,
    "Procrastinate": lambda accounts: peer("procrastinate", accounts),
    "DBOS": lambda accounts: peer("dbos", accounts),
}


def main() -> None:
    peers_python()
    with ground():
        rounds = [{name: run(ACCOUNTS[name]) for name, run in ENGINES.items()} for _ in range(ROUNDS)]
    rows = []
    for name in ENGINES:
        rates = [found[name] for found in rounds]
        times = [found["ours"] / found[name] for found in rounds]
        rows.append([name, f"{statistics.median(rates):,.0f}", spread(rates, ",.0f"), spread(times, ".1f")])
    table("Rates", ["engine", "steps/s, median", f"in {ROUNDS} rounds", "ours is so many times faster"], rows)
    for name, wanted in (("Procrastinate", 2), ("DBOS", 4)):
        worst = min(found["ours"] / found[name] for found in rounds)
        print(f"- at least {wanted} × {name}: {verdict(worst >= wanted)}")


def spread(values: list[float], how: str) -> str:
    return " · ".join(format(value, how) for value in values)


if __name__ == "__main__":
    main()
