"""Benchmark of the audit: a site where all is well, with steps, tries and workspaces of everybody.

    BENCH_PEOPLE=200_000 python -m bench.audit

Measured is the time that its statements take, one by one; a million is said by proportion where fewer were there.
"""

import os
import time
from contextlib import contextmanager

from django.db import connection

from bench.ground import ask, ground
from bench.sweep import arrive
from bench.tables import table, verdict

from support.audit.audit import audit  # isort: skip

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "200_000"))
MILLION = 1_000_000
MOST = 60.0  # seconds for a million
# The steps that are shipped, in the place of the benchmark's own; and everybody's workspace.
AS_SHIPPED = (
    "UPDATE provisioning_step SET kind = 'welcome_email', dependency = 'mail' WHERE kind LIKE '%first_service'",
    "UPDATE provisioning_step SET kind = 'workspace', dependency = 'workspace' WHERE kind LIKE '%second_service'",
    """INSERT INTO provisioning_workspace (account_id, key, backend, reference, created_at)
       SELECT account_id, key, 'local', account_id, done_at FROM provisioning_step WHERE kind = 'workspace'""",
    "VACUUM ANALYZE",
)


@contextmanager
def timed(times: list[float]):
    """Seconds of each statement that is sent in this block."""

    def count(execute, sql, params, many, context):
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            times.append(time.perf_counter() - began)

    with connection.execute_wrapper(count):
        yield


def main() -> None:
    times: list[float] = []
    with ground(throwaway=True):
        arrive(PEOPLE)
        for statement in AS_SHIPPED:
            ask(statement)
        with timed(times):
            result = audit()
    spent = sum(times)
    for_a_million = spent * MILLION / PEOPLE
    table(
        "Audit of a healthy site",
        ["accounts", "unaccounted", "statements", "longest, ms", "database, s", "for a million, s", "with Python, s"],
        [
            [
                f"{PEOPLE:,}",
                result.unaccounted,
                len(times),
                f"{1000 * max(times):.0f}",
                f"{spent:.1f}",
                f"{for_a_million:.0f}",
                f"{result.seconds:.1f}",
            ]
        ],
    )
    print(f"- a million in at most {MOST:.0f} s of database time: {verdict(for_a_million <= MOST)}")
    print(f"- nobody is unaccounted for: {verdict(result.unaccounted == 0)}")


if __name__ == "__main__":
    main()
