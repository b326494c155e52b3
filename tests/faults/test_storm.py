"""kill -9 at every point between claim, effect, reply and settle; then everybody is there, exactly once.

Half of the seeds: the others are in test_storm_again.py, so that two can be played side by side.
"""

import pytest

from tests.faults.storm import SEEDS, play


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_storm(world, seed):
    play(world, seed)
