"""Templates are laid out to be read: no line longer than one of Python's, and indented by spaces."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "templates"
LONGEST = 118  # as in pyproject.toml
LONGER: dict[str, str] = {}  # template -> why it cannot be broken: a template tag must stand on one line

TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text().split("\n")


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_is_too_long(name):
    long = [f"line {number}" for number, line in enumerate(lines(name), 1) if len(line) > LONGEST]
    assert bool(long) == (name in LONGER), long


@pytest.mark.parametrize("name", TEMPLATES)
def test_indented_by_two_spaces(name):
    assert not [number for number, line in enumerate(lines(name), 1) if "\t" in line or line != line.rstrip()]
    assert not [number for number, line in enumerate(lines(name), 1) if (len(line) - len(line.lstrip())) % 2]


def test_no_exception_is_named_that_is_not_there():
    assert set(LONGER) <= set(TEMPLATES)
