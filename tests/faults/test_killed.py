"""kill -9 at each point by itself, and the suite without one of its safeguards."""

from contextlib import suppress
from functools import partial

import pytest

from stage.processes import wait_until
from tests.faults.engine_points import POINTS
from tests.faults.storm import engines, sign_up_many, wait_for_all, wrongs


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(world, point):
    """Two die there, one after the other; the third does the work."""
    for death in (1, 2):
        sign_up_many(10, f"elm{death}")  # who is picked up asks no more
        with engines(world, 1, FAULTS=f"{point}=1", SEED="elm"):
            wait_until(partial(has_died, world, death), 30, f"death {death}")
    with engines(world, 1) as revive:
        wait_for_all(revive, timeout=60)
    assert world.deaths == {point: 2}
    assert wrongs(world) == []


def has_died(world, times):
    return sum(world.deaths.values()) == times


@pytest.mark.parametrize(
    ("broken", "faults"), [("fence", ""), ("lease", "after_claim=0.2"), ("", "after_claim=0.03")]
)
def test_a_safeguard_taken_out_turns_it_red(world, broken, faults):
    """Letters take their time, well within the lease; the same with every safeguard in place is green."""
    sign_up_many(60, "oak")
    world.mail.delay = 0.1
    world.mail.mode = "slow"
    with engines(world, 3, BREAK=broken, FAULTS=faults, SEED="oak") as revive:
        with suppress(TimeoutError):
            wait_for_all(revive, timeout=15 if broken else 240)
    assert bool(wrongs(world)) == bool(broken)
