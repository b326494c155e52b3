"""Benchmark of latency, from the click on "sign up" to ACTIVE: at rest, one after another, as a browser does it.

    python -m bench.latency

The whole of `manage.py up`, with a mail server and a provisioner that answer at once.
"""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench.tables import table, verdict
from launcher.servers import sockets_of
from stage.acts import DANA
from stage.processes import wait_until
from stage.stage import Stage, stage

PEOPLE = 60
WARM_UP = 5
PAUSE = 0.3  # seconds between two people
WANTED = 0.5  # seconds
AS_SHIPPED = {"SWEEP_SECONDS": "", "SETUP_RETRY_SECONDS": "", "SETUP_GIVE_UP_AFTER": ""}
ACTIVE = "SELECT status = 'active' FROM accounts_account WHERE email = %s"


def arrive(place: Stage, line: psycopg.Connection, number: int) -> tuple[float, float, float]:
    """Seconds of the POST, of the waiting room's first page, and from the POST's start to ACTIVE."""
    dana = place.visitor()
    email = f"dana{number}@bench.example"
    answer = dana.send("/signup/", DANA | {"email": email}, follow=False)
    if not answer.location:
        raise ValueError(f"the form was refused: {answer.text}")
    clicked = time.monotonic() - answer.seconds
    room = dana.get(answer.location)
    wait_until(lambda: _is_active(line, email), 30, f"{email} to be ACTIVE")
    return answer.seconds, room.seconds, time.monotonic() - clicked


def _is_active(line: psycopg.Connection, email: str) -> bool:
    row = line.execute(ACTIVE, [email]).fetchone()
    return bool(row and row[0])


def stretch() -> float:
    """How many times longer things take now than alone: other programs are on this machine, too."""
    began, had = time.perf_counter(), time.thread_time()
    while time.thread_time() - had < 0.05:
        pass
    return (time.perf_counter() - began) / 0.05


def measure() -> list[tuple[float, float, float, float]]:
    with stage(**AS_SHIPPED) as place:
        address = sockets_of(Path(place.env["ARRIVALS_HOME"]))
        with psycopg.connect(f"postgresql://postgres@/arrivals?host={address}", autocommit=True) as line:
            found = []
            for number in range(WARM_UP + PEOPLE):
                found.append((*arrive(place, line, number), stretch()))
                time.sleep(PAUSE)
            return found[WARM_UP:]


def main() -> None:
    *spans, stretches = zip(*measure(), strict=True)
    names = ("answer to the POST", "the waiting room's first page", "from the POST to ACTIVE")
    rows = [
        [name, *(f"{1000 * value:.0f}" for value in summary(span))] for name, span in zip(names, spans, strict=True)
    ]
    slower, p95 = statistics.median(stretches), summary(spans[-1])[1]
    table(f"Latency of {PEOPLE} sign-ups, one after another", ["ms", "p50", "p95", "worst"], rows)
    print(f"- sign-up to ACTIVE p95 under {WANTED} s: {verdict(p95 < WANTED)}")
    print(f"- others slowed this machine down {slower:.1f} times; the p95 without them about {p95 / slower:.2f} s")


def summary(seconds: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1], max(seconds)


if __name__ == "__main__":
    main()
