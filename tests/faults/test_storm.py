"""kill -9 at every point between claim, effect, reply and settle; then everybody is there, exactly once."""

import pytest

from tests.faults.engine_points import POINTS
from tests.faults.storm import engines, sign_up_many, unkind, wait_for_all, wrongs

EVERYWHERE = ",".join(f"{point}=0.005" for point in POINTS)
SEEDS = ["ash", "birch", "cedar", "elm", "fir"]


@pytest.mark.parametrize("seed", SEEDS)
def test_storm(world, seed):
    """400 accounts a seed, 2,000 in sum, with a world that is unkind as well."""
    world.workspaces.script(unkind(seed, ["reply_lost", "503", "drop", "garbage"], 0.03))
    world.mail.script(unkind(seed, ["4xx", "drop"], 0.03))
    sign_up_many(400, seed)
    with engines(world, 2, FAULTS=EVERYWHERE, SEED=seed) as revive:
        wait_for_all(revive, timeout=180)
    assert sum(world.deaths.values()) >= 5, "no storm: it proves nothing"
    assert wrongs(world) == []
