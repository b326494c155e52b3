"""The schedule is a table, with the arithmetic beside it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.engine.retry import next_try

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # an hour that Europe's clocks skip
WAITS = [2, 5, 15, 60, 300]


def longest(low, high):
    return high


def shortest(low, high):
    return low


@pytest.mark.parametrize(
    ("attempts", "spread", "seconds"),
    [
        (1, longest, 2),
        (2, longest, 5),
        (5, longest, 300),
        (6, longest, 300),  # the last wait repeats
        (1, shortest, 1),  # jitter takes at most half away
        (3, shortest, 7.5),
    ],
)
def test_when(attempts, spread, seconds):
    when = next_try(attempts, NOW, waits=WAITS, give_up_after=9, spread=spread)
    assert when == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("attempts", "gives_up"), [(1, False), (8, False), (9, True), (10, True)])
def test_the_budget_is_spent(attempts, gives_up):
    assert (next_try(attempts, NOW, waits=WAITS, give_up_after=9) is None) is gives_up


@given(st.integers(1, 50), st.lists(st.floats(0.1, 86400), min_size=1, max_size=12))
def test_always_later_and_never_later_than_the_schedule(attempts, waits):
    when = next_try(attempts, NOW, waits=waits, give_up_after=51)
    assert when is not None
    assert NOW < when <= NOW + timedelta(seconds=max(waits))
