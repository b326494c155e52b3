"""Reply time estimate: arithmetic on the queue, the pace and business hours. No database, no clock of its own.

The rule is queue-aware: what is before somebody, at the pace of four answers in five, with a quarter of the agent's
hours for everything else. A median of past replies would be broken half the time by construction.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, pairwise

from support.business_hours import (
    Schedule,
    add_working_time,
    round_up,
    working_minutes_between,
    working_minutes_to_each,
)

COLD_START = 15.0  # minutes an answer takes, until we know
FEW = 5  # answers from which on we know
SHARE = 0.75  # of the agent's hours that go into answers
MARGIN = 45.0  # minutes
NEAR = 45.0  # working minutes to spare before a promise comes forward
LAST = 20
KEPT_AT_LEAST = 0.95
WIDER = 1.5
LONGEST = 120.0  # minutes; a longer gap between two answers was no answering


def minutes_needed(ahead: int, p80: float, widened: bool = False) -> float:
    """Working minutes until somebody with `ahead` things before them is answered."""
    needed = (ahead + 1) * p80 / SHARE + MARGIN
    return needed * WIDER if widened else needed


def due_for(now: datetime, ahead: int, p80: float, schedule: Schedule, widened: bool = False) -> datetime | None:
    """Due time of an answer with `ahead` things before it, rounded up; None: no date is known."""
    due = add_working_time(now, minutes_needed(ahead, p80, widened), schedule)
    return due and round_up(due, schedule)


def must_widen(kept: Sequence[bool]) -> bool:
    """True if too few of the last promises were kept, so that times are named later. `kept`, newest first."""
    last = kept[:LAST]
    return bool(last) and sum(last) / len(last) < KEPT_AT_LEAST


def p80(minutes: Sequence[float]) -> float:
    """80th percentile of the minutes an answer takes: four in five take that at most; 15 until five are known."""
    if len(minutes) < FEW:
        return COLD_START
    return sorted(minutes)[-(-len(minutes) * 4 // 5) - 1]


def handling_minutes(answered: Iterable[tuple[datetime, datetime]], schedule: Schedule) -> list[float]:
    """Working minutes spent on each answer: since the one before at most, and two hours at most.

    From (asked, answered) pairs in the order of answers.
    """
    pairs = list(answered)
    begun = [(max(before[1], this[0]), this[1]) for before, this in pairwise(pairs)]
    took = (working_minutes_between(start, end, schedule) for start, end in begun)
    return [min(minutes, LONGEST) for minutes in took if minutes > 0]


def near_until(now: datetime, dues: Iterable[datetime], p80: float, schedule: Schedule) -> datetime:
    """Time up to which promises come forward in the queue.

    Those due before it leave no time for anybody else. Many fall due at one noon, so that a fixed margin before each
    would be too short (simulated at four times the load: 92 % kept, against 99 % with this).
    """
    amounts = sorted(Counter(dues).items())
    counted = list(zip((due for due, _n in amounts), accumulate(n for _due, n in amounts), strict=True))
    lefts = working_minutes_to_each(now, [due for due, _number in counted], schedule)
    near = (due for (due, number), left in zip(counted, lefts, strict=True) if left <= NEAR + number * p80 / SHARE)
    return max(near, default=now)
