"""Benchmark of crash recovery: a worker killed with -9 amid two thousand people and started again.

    python -m bench.recovery

Who is left lying? Ours beside bare Celery, acknowledging early (its default) and late; each step takes 20 ms,
8 threads.
"""

import sys
import time
from collections.abc import Callable

from bench.ground import HOME, ground, sign_up, unfinished, worker
from bench.plain_celery import fill, undone
from bench.rates import CELERY, once_a_second
from bench.tables import table, verdict
from provisioning import tasks
from stage import Process

PEOPLE = 2_000
ANSWER = "0.02"  # seconds
LEASE = 10  # seconds; 60 as shipped
PATIENCE = 40.0  # seconds after the kill


def kill_midway(process: Process, missing: Callable[[], int]) -> float:
    """Kill it when half is done, start it again at once. When that was."""
    process.wait_until(lambda: missing() < PEOPLE / 2, 90, "half of it to be done")
    process.kill9()
    killed = time.monotonic()
    process.start()
    return killed


def until_still(
    killed: float, missing: Callable[[], int], look: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """How many are not done after all patience, and how long it took until none was missing."""
    while time.monotonic() - killed < PATIENCE:
        look()
        if missing() == 0:
            return 0, f"{time.monotonic() - killed:.1f}"
        time.sleep(0.1)
    return missing(), "never"


def ours() -> tuple[int, str]:
    sign_up(PEOPLE)
    sweep = once_a_second(tasks.sweep_.delay)
    env = {"BENCH_ANSWER": ANSWER, "SETUP_LEASE_SECONDS": str(LEASE), "SETUP_THREADS": "8"}
    with worker(**env) as process:
        killed = kill_midway(process, lambda: (sweep(), unfinished())[1])
        return until_still(killed, unfinished, sweep)


def celery(late: str) -> tuple[int, str]:
    """Counts the people of whom at least one step never ran."""
    folder = HOME / f"celery{late}"
    folder.mkdir()
    env = {"CELERY_LATE": late, "CELERY_PREFETCH": "4", "CELERY_DONE": str(folder / "done"), "CELERY_ANSWER": ANSWER}
    fill(PEOPLE)
    with Process([sys.executable, "-m", *CELERY.split()], HOME / "celery.log", env) as process:
        missing = lambda: undone(folder / "done", PEOPLE)  # noqa: E731
        killed = kill_midway(process, missing)
        return until_still(killed, missing)


def main() -> None:
    with ground():
        found = {"ours": ours(), "bare Celery, acks early": celery(""), "bare Celery, acks late": celery("1")}
    rows = [[name, lost, took] for name, (lost, took) in found.items()]
    header = [
        "engine",
        f"of {PEOPLE:,} not done {PATIENCE:.0f} s after the kill",
        "seconds from the kill to all done",
    ]
    table(f"Recovery from kill -9, lease {LEASE} s", header, rows)
    print(f"- ours loses nobody: {verdict(found['ours'][0] == 0)}")


if __name__ == "__main__":
    main()
