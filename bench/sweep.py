"""Benchmark of the sweep's cost: a thousand accounts and a million, of which none or ten thousand are due.

    python -m bench.sweep

Everybody is ACTIVE, with done steps, their attempts and a diary. On throw-away servers: nothing here is about disks.
"""

import os
import statistics
import time
from collections import Counter
from datetime import timedelta

from django.db import connection
from django.db.models import Model
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from bench.ground import ask, ground, multiply, sign_up, unfinished
from bench.tables import table, verdict

from accounts.models import Account, Event, Voice  # isort: skip
from provisioning import sweep
from provisioning.kinds import setup_kinds
from provisioning.models import Attempt, Heartbeat, Outcome, State, Step

FEW, MANY, DUE = 1_000, int(os.environ.get("BENCH_PEOPLE", "1_000_000")), 10_000
SWEEPS = 40
LAST_YEAR = Now() - timedelta(days=365)
IN_ORDER = "('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def arrive(number: int) -> None:
    """So many more people who are done, with all they leave behind; keys in order, lest the filling take an hour."""
    before = Account.objects.count()
    ask("SET session_replication_role = replica")
    model = Account.objects.create(email="model@bench.example", name="Dana Sommer", company="Acme", status="active")
    Account.objects.filter(pk=model.pk).update(created_at=LAST_YEAR, status_at=LAST_YEAR)
    model.refresh_from_db()
    numbers = f"generate_series({before + 1}, {before + number}) AS n"
    multiply(model, numbers, id=IN_ORDER, email="'dana' || n || '@bench.example'")
    ask("DROP TABLE IF EXISTS fresh")
    ask(f"CREATE TEMP TABLE fresh AS SELECT n, {IN_ORDER} AS person FROM {numbers}")
    _leave_traces()
    ask("SET session_replication_role = origin")


def _leave_traces() -> None:
    someone = Account.objects.create(email="model@bench.example")
    for place, (name, kind) in enumerate(setup_kinds().items(), start=1):
        step = Step(account=someone, kind=name, dependency=kind.dependency)
        step.state, step.epoch, step.attempts, step.done_at = State.DONE, 2, 1, Now()
        _leave(step, account_id="person", key=IN_ORDER.replace("-8000-", f"-800{place}-"))
    first = Step.objects.create(account=someone, kind=name)
    attempt = Attempt(step=first, epoch=1, outcome=Outcome.DONE, seconds=0.1)
    _leave(attempt, source="fresh JOIN provisioning_step AS step ON step.account_id = person", step_id="step.id")
    for line in ("signed_up", "welcome_email.done", "workspace.done", "status.active"):
        _leave(Event(account=someone, voice=Voice.WE, kind=line), account_id="person")
    someone.delete()


def _leave(row: Model, source: str = "fresh", **different: str) -> None:
    row.save()
    multiply(row, source, **different)


def empty_sweep(chores: bool) -> tuple[float, int]:
    """Median milliseconds and number of queries; `chores`: with what is done once a minute."""
    times, queries = [], 0
    for _ in range(SWEEPS):
        at = Now() - timedelta(hours=1) if chores else Now()
        Heartbeat.objects.filter(name="reconcile").update(at=at)
        started = time.perf_counter()
        with CaptureQueriesContext(connection) as captured:
            sweep.sweep()
        times.append(time.perf_counter() - started)
        queries = len(captured)
    return 1000 * statistics.median(times), queries


def slow_ones() -> None:
    """The statements of an empty sweep with chores that take longest, to see what has no index."""
    Heartbeat.objects.filter(name="reconcile").update(at=Now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as captured:
        sweep.sweep()
    took = Counter({query["sql"]: float(query["time"]) for query in captured})
    for sql, seconds in took.most_common(3):
        print(f"  {1000 * seconds:.0f} ms: {sql[:300]}")


def measure(number: int) -> list[tuple[float, int]]:
    arrive(number - Account.objects.count())
    ask("VACUUM ANALYZE")
    sweep.sweep()
    return [empty_sweep(chores=False), empty_sweep(chores=True)]


def with_due(number: int) -> tuple[float, float]:
    """Milliseconds to find the first of them, and people a second until all are ACTIVE."""
    sign_up(number)
    sweep.fetch()
    started = time.perf_counter()
    assert sweep.anything_due()
    found = time.perf_counter() - started
    while unfinished_left():
        sweep.drain()
    return 1000 * found, number / (time.perf_counter() - started)


def unfinished_left() -> bool:
    return sweep.anything_due() or unfinished() > 0


def main() -> None:
    with ground(throwaway=True):
        few, many = measure(FEW), measure(MANY)
        rows = []
        for name, (small, _), (big, queries) in zip(("empty sweep", "with the chores"), few, many, strict=True):
            rows.append([name, f"{small:.1f}", f"{big:.1f}", f"{big / small:.2f}", queries])
        table("Sweep", ["ms, median", f"{FEW:,} accounts", f"{MANY:,} accounts", "ratio", "queries"], rows)
        print(f"- empty sweep at most twice the time: {verdict(many[0][0] <= 2 * few[0][0])}")
        slow_ones()
        found, rate = with_due(DUE)
        print(
            f"- {DUE:,} due among {MANY:,}: found in {found:.1f} ms, {rate:.0f} people a second until all are ACTIVE"
        )


if __name__ == "__main__":
    main()
