"""Benchmark of scaling: people a second with one, two and four workers, each only waiting for services.

    python -m bench.scale

Two services a person, each answering in 50 ms; four threads a service and worker, so that one worker can do 80 people
a second and uses a tenth of a core. Counted are the middle four fifths of a crowd: at its ends some threads are idle.
"""

import statistics
import time
from contextlib import ExitStack, contextmanager

from bench.ground import HOME, everybody_leaves, ground, sign_up, unfinished, wait_for_all, worker
from bench.rates import once_a_second
from bench.tables import table, verdict
from provisioning import tasks
from stage.processes import wait_until

ROUNDS = 2
WORKERS = (1, 2, 4)
PEOPLE_EACH = 400  # for each worker
WARM = 40
ANSWER = 0.05  # seconds
THREADS = 4
CEILING = THREADS / ANSWER  # people a second and worker
WANTED = 1.7  # times one worker's rate, with two


def rate(workers: int) -> float:
    people = PEOPLE_EACH * workers
    look = once_a_second(tasks.sweep_.delay)
    with crowd_of(workers):
        sign_up(people)
        marks = []
        for left in (0.9 * people, 0.1 * people):
            wait_until(lambda left=left: (look(), unfinished() <= left)[1], 120, f"{left:.0f} people to be left")
            marks.append((time.monotonic(), unfinished()))
        wait_for_all(60, look)
    (began, first), (ended, last) = marks
    return (first - last) / (ended - began)


@contextmanager
def crowd_of(workers: int):
    """All of them have done something, so none of them is still starting."""
    everybody_leaves()
    with ExitStack() as stack:
        notes = []
        for number in range(workers):
            folder = HOME / f"scale{time.monotonic_ns()}-{number}"
            folder.mkdir()
            notes.append(folder / "calls")
            env = {"BENCH_ANSWER": str(ANSWER), "BENCH_FOLDER": str(folder), "SETUP_THREADS": str(THREADS)}
            stack.enter_context(worker(**env))
        wait_until(lambda: give_work() and all(note.exists() for note in notes), 120, "all workers to be there")
        everybody_leaves()
        yield


def give_work() -> bool:
    sign_up(WARM)
    wait_for_all(60, once_a_second(tasks.sweep_.delay))
    return True


def main() -> None:
    with ground(throwaway=True):
        rounds = [{workers: rate(workers) for workers in WORKERS} for _ in range(ROUNDS)]
    rows, times = [], {}
    for workers in WORKERS:
        rates = [found[workers] for found in rounds]
        ratios = [found[workers] / found[1] for found in rounds]
        times[workers] = statistics.median(ratios)
        shown = " · ".join(f"{ratio:.2f}" for ratio in ratios)
        share = statistics.median(rates) / CEILING / workers
        rows.append([workers, f"{statistics.median(rates):.0f}", f"{times[workers]:.2f} ({shown})", f"{share:.0%}"])
    title = f"Workers beside each other, {THREADS} threads a service, {1000 * ANSWER:.0f} ms an answer"
    header = ["workers", "people/s", f"times one worker, in {ROUNDS} rounds", "of what their waiting allows"]
    table(title, header, rows)
    print(f"- two are at least {WANTED} × one: {verdict(times[2] >= WANTED)}")


if __name__ == "__main__":
    main()
