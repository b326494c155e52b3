"""Retry with backoff and jitter: arithmetic on numbers, no clock, no database, no sleeping."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioning.exceptions import NOBODY_ASKED, Held, StepFailed

LONGEST_RETRY_AFTER = 3600  # seconds that somebody else may ask us to wait


def wait_after(attempts: int, waits: Sequence[float]) -> float:
    """Seconds from the failure of try number `attempts` (1, 2, …) to the next; the last wait repeats."""
    return waits[min(attempts, len(waits)) - 1]


def next_try(
    attempts: int,
    now: datetime,
    *,
    waits: Sequence[float],
    give_up_after: int,
    spread: Callable[[float, float], float] = random.uniform,
) -> datetime | None:
    """Time at which try `attempts + 1` is due, or None: the tries are spent and a person owes an answer.

    Jitter takes a wait anywhere between half of it and all of it, so that a crowd that failed in one second
    does not come back in one second.
    """
    if attempts >= give_up_after:
        return None
    wait = wait_after(attempts, waits)
    return now + timedelta(seconds=spread(wait / 2, wait))


@dataclass(frozen=True)
class After:
    """Consequence of a failure: the tries that count, and the time of the next.

    `due` None: it is given up.
    """

    attempts: int
    due: datetime | None
    outage: bool = False


def after_failure(
    attempts: int,
    failure: StepFailed,
    now: datetime,
    *,
    down: bool,
    waits: Sequence[float],
    give_up_after: int,
) -> After:
    """Retry rule for whatever is handed over to somebody else's service: steps and every sort of letter.

    `down`: the dependency is down for everybody, so this try was nobody's fault and is given back.
    """
    if isinstance(failure, Held):
        return After(max(0, attempts - 1), failure.until)
    if down and failure.failure not in NOBODY_ASKED:
        return After(max(0, attempts - 1), now, outage=True)
    due = None if failure.permanent else next_try(attempts, now, waits=waits, give_up_after=give_up_after)
    if due and failure.retry_after is not None:
        due = max(due, now + timedelta(seconds=min(failure.retry_after, LONGEST_RETRY_AFTER)))
    return After(attempts, due)
