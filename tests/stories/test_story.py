"""The eight acts, on real processes: web, worker, beat, PostgreSQL, Valkey, SMTP and HTTP."""

import pytest

from stage.acts import ACTS, PROVED
from stage.stage import stage

pytestmark = pytest.mark.xdist_group("story")  # one stage for them all, in this order


@pytest.fixture(scope="module")
def theatre():
    with stage() as built:
        yield built


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_act(theatre, act):
    """They build on each other, in this order."""
    *scenes, (last, proof) = act(theatre)
    assert scenes, "nobody saw anything"
    assert last == PROVED and proof.endswith(".") and PROVED not in dict(scenes)
