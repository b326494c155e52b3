"""No public name moves: whoever bookmarked a page, kept a row, wrote a script or runs the release before finds it."""

import json
from pathlib import Path

import pytest

from tests.names.public import NAMES, found

FROZEN: dict[str, list[str]] = json.loads((Path(__file__).parent / "frozen.json").read_text())


@pytest.mark.parametrize("kind", FROZEN)
def test_every_name_is_still_there(kind):
    assert len(FROZEN[kind]) >= 5, "the table is whole"
    assert set(FROZEN[kind]) - found(kind) == set()


def test_the_table_freezes_every_kind_of_name():
    assert set(FROZEN) == set(NAMES)
