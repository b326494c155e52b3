"""Benchmark of isolation: newcomers' workspaces while mail drips or creeps, or a step hangs.

    python -m bench.neighbours

The whole of `manage.py up` as it ships. A newcomer a second; the clock runs from the sign-up's row to the workspace.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import psycopg

from bench.latency import AS_SHIPPED
from bench.tables import table, verdict
from launcher.servers import sockets_of
from stage.acts import DANA
from stage.processes import wait_until
from stage.stage import Stage, stage

NEWCOMERS = 60
WANTED, WANTED_AFTER = 3.0, 60.0  # seconds
HANGING = {"SETUP_STEPS": "welcome_email,workspace,bench.stub.hanging"}
WAITED = """
    SELECT extract(epoch FROM coalesce(step.done_at, now()) - account.created_at)
    FROM accounts_account AS account LEFT JOIN provisioning_step AS step
        ON step.account_id = account.id AND step.kind = 'workspace' AND step.occasion = ''
    WHERE NOT account.is_staff
"""
UNFINISHED = "SELECT count(*) FROM accounts_account WHERE status <> 'active' AND NOT is_staff"


def healthy(_place: Stage) -> AbstractContextManager:
    return nullcontext()


class Mail:
    """Mail of one sort for as long as this lasts."""

    def __init__(self, place: Stage, mode: str, delay: float) -> None:
        self.mail, self.mode, self.delay = place.mail, mode, delay

    def __enter__(self) -> None:
        self.mail.delay, self.mail.mode = self.delay, self.mode

    def __exit__(self, *_error: object) -> None:
        self.mail.mode = "ok"


class Hanging:
    """The platform's own step hangs for as long as this lasts."""

    def __init__(self, place: Stage) -> None:
        self.file = Path(place.env["ARRIVALS_HOME"]) / "hang"

    def __enter__(self) -> None:
        self.file.touch()

    def __exit__(self, *_error: object) -> None:
        self.file.unlink()


NEIGHBOURS: dict[str, tuple[dict[str, str], Callable[[Stage], AbstractContextManager]]] = {
    "all healthy": ({}, healthy),
    "mail answers a line in 9 s": ({}, lambda place: Mail(place, "slow", 9)),
    "mail drips, a byte a second": ({}, lambda place: Mail(place, "drip", 1)),
    "a step of the platform's hangs": (HANGING, Hanging),
}


def measure(env: dict[str, str], neighbour: Callable[[Stage], AbstractContextManager]) -> tuple[list[float], float]:
    """Seconds that each newcomer's workspace took, and seconds to all done after the neighbour was well."""
    with stage(**AS_SHIPPED, **env) as place:
        address = sockets_of(Path(place.env["ARRIVALS_HOME"]))
        with psycopg.connect(f"postgresql://postgres@/arrivals?host={address}", autocommit=True) as line:
            with neighbour(place):
                for number in range(NEWCOMERS):
                    place.visitor().send("/signup/", DANA | {"email": f"dana{number}@bench.example"}, follow=False)
                    time.sleep(1)
                waited = [float(row[0]) for row in line.execute(WAITED).fetchall()]
            well = time.monotonic()
            wait_until(lambda: not line.execute(UNFINISHED).fetchone()[0], 300, "everybody to be ACTIVE")
            return waited, time.monotonic() - well


def main() -> None:
    rows, p95s, afters = [], [], []
    for name, (env, neighbour) in NEIGHBOURS.items():
        waited, after = measure(env, neighbour)
        p95s.append(statistics.quantiles(waited, n=20)[-1])
        afters.append(after)
        rows.append(
            [name, f"{statistics.median(waited):.2f}", f"{p95s[-1]:.2f}", f"{max(waited):.2f}", f"{after:.1f}"]
        )
    header = ["neighbour", "workspace p50 s", "p95 s", "worst s", "then all ACTIVE after s"]
    table(f"Workspaces of {NEWCOMERS} newcomers, one a second", header, rows)
    print(f"- p95 within {WANTED:g} s: {verdict(max(p95s) <= WANTED)}")
    print(f"- all done within {WANTED_AFTER:g} s after it is well: {verdict(max(afters) <= WANTED_AFTER)}")


if __name__ == "__main__":
    main()
