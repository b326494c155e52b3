"""When to try again: arithmetic on numbers, no clock, no database, no sleeping."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta


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
    """When try `attempts + 1` is due, or None: the tries are spent and a person owes an answer.

    Jitter takes a wait anywhere between half of it and all of it, so that a crowd that failed in one second
    does not come back in one second.
    """
    if attempts >= give_up_after:
        return None
    wait = wait_after(attempts, waits)
    return now + timedelta(seconds=spread(wait / 2, wait))
