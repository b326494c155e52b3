"""The ASVS table of docs/asvs.md is complete, and whatever it names is there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
TOLD_FIRST, TABLE = (PROJECT / "docs/asvs.md").read_text().split("## Item by item")
ROWS = re.findall(r"^\| (\d.*?) \| (.*?) \| (.*?) \| (.*?) \|$", TABLE, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`((?:[a-z_]+/)+[\w.]+\.\w+(?:::\w+)?)`", TABLE)))
# How many requirements of levels 1 and 2 each section of 5.0.0 has; those of level 3 come last in each.
SECTIONS = {
    1: (2, 9, 11, 3, 2),
    2: (3, 3, 4, 1),
    3: (0, 2, 4, 6, 5, 0, 2),
    4: (3, 1, 2, 4),
    5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2),
    8: (2, 3, 1, 1),
    9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3),
    11: (2, 3, 3, 4, 1, 1),
    12: (3, 2, 4),
    13: (1, 5, 2, 5),
    14: (2, 4, 3),
    15: (3, 3, 7),
    16: (1, 5, 4, 3, 3),
    17: (1, 4, 2),
}


def numbers(text: str) -> Iterator[str]:
    """1.2.6–8 is 1.2.6, 1.2.7 and 1.2.8."""
    for section, first, last in re.findall(r"(\d+\.\d+)\.(\d+)(?:–(\d+))?", text):
        yield from (f"{section}.{number}" for number in range(int(first), int(last or first) + 1))


@cache
def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_requirement_has_its_place():
    required = [
        f"{chapter}.{section}.{number}"
        for chapter, sections in SECTIONS.items()
        for section, most in enumerate(sections, 1)
        for number in range(1, most + 1)
    ]
    assert len(required) == 253
    assert [number for item, *_ in ROWS for number in numbers(item)] == required


def test_each_is_judged():
    assert {state for _item, _what, state, _shown in ROWS} == {"holds", "partly", "not", "–"}
    assert all(shown for *_, shown in ROWS)


def test_what_does_not_hold_is_said_first():
    said = {number for line in re.findall(r"^- \*\*(.*?)\*\*", TOLD_FIRST, re.MULTILINE) for number in numbers(line)}
    assert said == {number for item, _what, state, _shown in ROWS if state == "not" for number in numbers(item)}


@pytest.mark.parametrize("name", NAMED)
def test_what_it_names_is_there(name):
    path, _, function = name.partition("::")
    assert (PROJECT / path).is_file()
    assert not function or function in functions_of(PROJECT / path)
