"""The other half of the storms, see test_storm.py."""

import pytest

from tests.faults.storm import SEEDS, play


@pytest.mark.parametrize("seed", SEEDS[1::2])
def test_storm(world, seed):
    play(world, seed)
