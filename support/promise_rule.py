"""When somebody can be answered: arithmetic on the queue, the pace and the hours. No database, no clock of its own.

The rule is queue-aware: what is before her, at the pace of four answers in five, with a quarter of her hours
for everything else. A median of past replies would be broken half the time by construction.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from support.hours import Schedule, add_working_time, round_up, working_minutes_between

COLD_START = 15.0  # minutes an answer takes, until we know
FEW = 5  # answers from which on we know
SHARE = 0.75  # of her hours that go into answers
MARGIN = 45.0  # minutes
NEAR = 45.0  # working minutes before it is due a promise comes forward
LAST = 20
KEPT_AT_LEAST = 0.95
WIDER = 1.5
LONGEST = 120.0  # minutes; a longer gap between two answers was no answering


def minutes_needed(ahead: int, p80: float, widened: bool = False) -> float:
    """Working minutes until somebody with `ahead` things before them is answered."""
    needed = (ahead + 1) * p80 / SHARE + MARGIN
    return needed * WIDER if widened else needed


def due_for(now: datetime, ahead: int, p80: float, schedule: Schedule, widened: bool = False) -> datetime | None:
    due = add_working_time(now, minutes_needed(ahead, p80, widened), schedule)
    return due and round_up(due, schedule)


def must_widen(kept: Sequence[bool]) -> bool:
    """Whether too few of the last promises were kept. `kept`, newest first."""
    last = kept[:LAST]
    return bool(last) and sum(last) / len(last) < KEPT_AT_LEAST


def p80(minutes: Sequence[float]) -> float:
    """What four answers in five take at most."""
    if len(minutes) < FEW:
        return COLD_START
    return sorted(minutes)[-(-len(minutes) * 4 // 5) - 1]


def handling_minutes(answered: Iterable[tuple[datetime, datetime]], schedule: Schedule) -> list[float]:
    """From (asked, answered) pairs in the order of answers: her minutes on each, since the one before at most."""
    pairs = list(answered)
    begun = [(max(before[1], this[0]), this[1]) for before, this in pairwise(pairs)]
    took = (working_minutes_between(start, end, schedule) for start, end in begun)
    return [min(minutes, LONGEST) for minutes in took if minutes > 0]


def near_until(now: datetime, schedule: Schedule) -> datetime:
    """A promise due by then comes forward in the queue."""
    return add_working_time(now, NEAR, schedule) or now
