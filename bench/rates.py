"""Benchmark of throughput: two trivial steps for many accounts, ours, bare Celery, Procrastinate and DBOS in turns.

    python -m bench.rates

All on one PostgreSQL and one Valkey with their safe settings, one worker process each. The clock of a peer runs
from its first finished step that we see to its last, with all its work enqueued before; ours runs from the
sweep that finds the accounts, so making the steps is counted too.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psycopg

from bench.ground import HOME, KEPT, PROJECT, ask, everybody_leaves, ground, sign_up, unfinished, worker
from bench.plain_celery import fill, left
from bench.tables import table, verdict
from launcher.servers import sockets_of
from provisioning import tasks
from stage import Process

ROUNDS = 2
VENV = KEPT / "bench-venv"
REQUIREMENTS = PROJECT / "bench" / "requirements.txt"
ACCOUNTS = {"ours": 3000, "Celery": 3000, "Procrastinate": 400, "DBOS": 400}
CONCURRENCY = {"procrastinate": "8", "dbos": "48"}  # the best of 4, 8, 16, 48
CELERY = "celery -q -A bench.plain_celery worker -P threads -c 8 -l warning --without-gossip --without-mingle"
LEFT = {
    "procrastinate": "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'",
    "dbos": "SELECT 2 * count(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'",
}


class Found(NamedTuple):
    rate: float  # steps a second
    cost: float  # milliseconds of CPU a step, of the worker and of both servers

    @classmethod
    def of(cls, steps: int, seconds: float, cpu: float) -> "Found":
        return cls(steps / seconds, 1000 * cpu / max(steps, 1))


def cpu_used(process: Process) -> float:
    """Seconds, so far, of the worker's processes and of both servers', with those they have buried."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(words[2]) == process.pid or Path(os.readlink(folder / "cwd")).parent == HOME:
                ticks += sum(map(int, words[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def peers_python() -> str:
    """The peers' own environment, made when it is missing."""
    python = VENV / "bin" / "python"
    wanted, have = REQUIREMENTS.read_text(), VENV / "installed"
    if not have.exists() or have.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        have.write_text(wanted)
    return str(python)


def rate(remaining: Callable[[], int], process: Process, timeout: float = 90) -> Found:
    """From the first finished step that we see to the last."""
    total = first = remaining()
    started, used = time.monotonic(), cpu_used(process)
    deadline = started + timeout
    while (now := remaining()) and time.monotonic() < deadline:
        if first == total:
            first, started, used = now, time.monotonic(), cpu_used(process)
        time.sleep(0.05)
    return Found.of(first - now, time.monotonic() - started, cpu_used(process) - used)


def ours(accounts: int) -> Found:
    everybody_leaves()
    sign_up(50)
    with worker() as process:
        tasks.sweep_.delay()
        process.wait_until(lambda: not unfinished(), 60, "the worker to be warm")
        time.sleep(1)  # a tick that comes sooner after the last is dropped as its double
        sign_up(accounts)
        started, used = time.monotonic(), cpu_used(process)
        look = once_a_second(tasks.sweep_.delay)
        while unfinished():
            look()
            time.sleep(0.05)
        return Found.of(2 * accounts, time.monotonic() - started, cpu_used(process) - used)


def once_a_second(act: Callable[[], object]) -> Callable[[], None]:
    """As the beat does, without its start being in the way."""
    last = 0.0

    def look() -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            act()

    return look


def celery(accounts: int) -> Found:
    """Not durable: a message is gone once it is taken."""
    fill(accounts)
    with Process([sys.executable, "-m", *CELERY.split()], HOME / "celery.log") as process:
        return rate(left, process)


def peer(name: str, accounts: int) -> Found:
    ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    ask(f"CREATE DATABASE {name}")
    address = f"postgresql://postgres@/{name}?host={sockets_of(HOME)}&port=5432"
    env = {"PEER_DATABASE": address, "PEER_CONCURRENCY": CONCURRENCY[name]}
    command = [peers_python(), "-m", "bench.peer", name]
    with Process([*command, "fill", str(accounts)], HOME / f"{name}.log", env) as filling:
        filling.wait(90)
    with Process([*command, "work"], HOME / f"{name}.log", env) as process:
        with psycopg.connect(address, autocommit=True) as line:
            return rate(lambda: line.execute(LEFT[name]).fetchone()[0], process)


ENGINES: dict[str, Callable[[int], Found]] = {
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
        rates, costs = zip(*(found[name] for found in rounds), strict=True)
        times = [found["ours"].rate / found[name].rate for found in rounds]
        cheaper = [found[name].cost / found["ours"].cost for found in rounds]
        row = [
            statistics.median(rates),
            statistics.median(times),
            statistics.median(costs),
            statistics.median(cheaper),
        ]
        rows.append([name, f"{row[0]:,.0f}", f"{row[1]:.1f} ({spread(times)})", f"{row[2]:.2f}", f"{row[3]:.1f}"])
    header = ["engine", "steps/s", f"ours is faster ×, in {ROUNDS} rounds", "CPU ms a step", "ours is cheaper ×"]
    table("Rates, medians", header, rows)
    for name, wanted in (("Procrastinate", 2), ("DBOS", 4)):
        times = statistics.median(found["ours"].rate / found[name].rate for found in rounds)
        print(f"- at least {wanted} × {name}'s rate: {verdict(times >= wanted)}")


def spread(values: list[float]) -> str:
    return " · ".join(f"{value:.1f}" for value in values)


if __name__ == "__main__":
    main()
