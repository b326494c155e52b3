"""Benchmark of recovery from an outage: ten thousand people stuck while both services they need are down.

    python -m bench.drain

Each service answers in 50 ms once it is back. What counts is what the services see: each notes its calls.
"""

import time
from collections import Counter
from collections.abc import Sequence

from django.conf import settings

from bench.ground import HOME, ask, beat, ground, sign_up, wait_for_all, worker
from bench.tables import table, verdict
from provisioning.engine.circuit_breaker import PROBE_EVERY, RAMP_GROWTH, RAMP_START
from stage.processes import wait_until

PEOPLE = 10_000
ANSWER = 0.05  # seconds
OUTAGE = 45.0  # seconds, from the moment it is known
SERVICES = ("first_service", "second_service")
CEILING = settings.SETUP_THREADS / ANSWER  # steps a second for one service
BROKEN = "SELECT count(*) FROM provisioning_dependency WHERE broken"
SPENT = "SELECT coalesce(sum(attempts), 0) FROM provisioning_step WHERE NOT leased"
WIDTH = 4  # seconds in a line of the table


def calls(service: str, how: str) -> list[float]:
    lines = [line.split() for line in (HOME / "calls").read_text().splitlines()]
    return [float(at) for at, name, answer in lines if name == service and answer == how]


def wait_out_the_outage() -> tuple[float, int]:
    """When both breakers were open, and the tries that were spent when it ended."""
    wait_until(lambda: ask(BROKEN) == len(SERVICES), 60, "both breakers to open")
    known = time.time()
    wait_until(lambda: time.time() - known > OUTAGE and ask(SPENT) == 0, OUTAGE + 30, "the outage to end")
    return known, ask(SPENT)


def most_probes(known: float, up: float) -> int:
    """In any window a little shorter than the interval, of one service."""
    window = PROBE_EVERY.total_seconds() * 0.9
    found = [0]
    for service in SERVICES:
        at = [call for call in calls(service, "down") if known + 1 < call < up]
        found += [sum(first <= call < first + window for call in at) for first in at]
    return max(found)


def saturated(at: Sequence[float]) -> list[float]:
    """Whole seconds between the ramp's reaching the ceiling and nine tenths done: calls in each."""
    start = at[0]
    while RAMP_START * RAMP_GROWTH ** (start - at[0]) < CEILING:
        start += 1
    end = at[int(len(at) * 0.9)]
    counted = Counter(int(call - start) for call in at if start <= call)
    return [counted[second] for second in range(int(end - start))]


def report(known: float, up: float, spent: int) -> None:
    done = {service: calls(service, "ok") for service in SERVICES}
    begin, end = min(map(min, done.values())), max(map(max, done.values()))
    rows = []
    for first in range(0, int(end - begin) + 1, WIDTH):
        rates = [sum(first <= at - begin < first + WIDTH for at in at_all) / WIDTH for at_all in done.values()]
        shares = [f"{rate / CEILING:.0%}" for rate in rates]
        rows.append([f"{first}–{first + WIDTH}", *(f"{rate:.0f}" for rate in rates), *shares])
    title = f"Drain of {PEOPLE:,} people, {settings.SETUP_THREADS} threads a service, ceiling {CEILING:.0f}/s each"
    table(title, ["s after the first good answer", "first/s", "second/s", "of the ceiling", "of the ceiling"], rows)
    verdicts(known, up, spent, done)
    print(
        f"- first good answer {begin - up:.1f} s after the services were back, everybody done {end - up:.1f} s after"
    )


def verdicts(known: float, up: float, spent: int, done: dict[str, list[float]]) -> None:
    for service, at in done.items():
        seconds = saturated(at)
        share = sum(seconds) / len(seconds) / CEILING if seconds else 0
        early = sum(call < at[0] + 3 for call in at) / 3
        print(f"- {service}: {share:.0%} of the ceiling in {len(seconds)} saturated seconds: {verdict(share >= 0.8)}")
        print(f"- {service}: {early:.0f}/s in the first three seconds, it ramps: {verdict(early < CEILING / 3)}")
    probes = most_probes(known, up)
    print(f"- tries spent in the outage: {spent}: {verdict(spent == 0)}")
    print(f"- most probes a service in a probe interval: {probes}: {verdict(probes <= 1)}")


def main() -> None:
    (HOME / "down").touch()
    env = {"BENCH_ANSWER": str(ANSWER), "BENCH_FOLDER": str(HOME)}
    with ground(), worker(**env), beat(**env):
        sign_up(PEOPLE)
        known, spent = wait_out_the_outage()
        (HOME / "down").unlink()
        up = time.time()
        wait_for_all(150)
        report(known, up, spent)


if __name__ == "__main__":
    main()
