"""The documentation names only what is there: files, functions and classes, packages, links."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
AT_LEAST = {"docs/architecture.md": 90, "docs/glossary.md": 30, "CONTRIBUTING.md": 25}  # names: none passes empty
PAGES = sorted({*AT_LEAST, "README.md", *(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md"))})
ROOMS = ("accounts", "provisioning", "product", "support")
FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
# `path/file.py`, `path/file.py::function`, `path/file.py`: `function`, `folder/`
NAME = re.compile(r"`((?:[\w-]+/)+(?:[\w-]+\.[a-z]+)?|[A-Z]\w+file)(?:::([\w.]+)`|`: `([\w.]+)`|`)")
LINK = re.compile(r"\]\(([^)#:\s]+)\)")


def names_in(text: str) -> set[tuple[str, str]]:
    """(path, name in it or nothing). What stands in a fenced block is an example, and need not be there."""
    return {(path, one or other) for path, one, other in NAME.findall(FENCED.sub("", text))}


def text_of(page: str) -> str:
    return (PROJECT / page).read_text()


@cache
def defined_in(path: Path) -> set[str]:
    """Functions, classes with their methods, and tables of a module."""
    return set(_defined(ast.parse(path.read_text()).body))


def _defined(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, f"{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


def missing(path: str, name: str = "") -> str:
    """What is wrong with this name, or nothing."""
    place = PROJECT / path
    if not (place.is_dir() if path.endswith("/") else place.is_file()):
        return f"{path} is not there"
    return f"{path} has no {name}" if name and name not in defined_in(place) else ""


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page):
    names = names_in(text_of(page))
    assert len(names) >= AT_LEAST.get(page, 0)
    assert [fault for path, name in sorted(names) if (fault := missing(path, name))] == []


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page):
    folder = (PROJECT / page).parent
    assert [link for link in LINK.findall(text_of(page)) if not (folder / link).exists()] == []


def test_the_picture_shows_every_package():
    picture = text_of("docs/architecture.md").split("```mermaid")[1].split("```")[0]
    packages = {folder.parent.name for room in ROOMS for folder in (PROJECT / room).glob("*/__init__.py")}
    assert packages - {"management", "migrations"} - set(re.findall(r"\w+", picture)) == set()


def test_the_glossary_has_a_file_for_each_term():
    rows = re.findall(r"^\| (?!---)(.*?) \|.*\| (.*?) \|$", text_of("docs/glossary.md"), re.MULTILINE)[1:]
    assert len(rows) >= 30
    assert [term for term, place in rows if not names_in(place)] == []
    assert [term for term, _place in rows] == sorted((term for term, _place in rows), key=str.lower)


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("`accounts/signup.py::sign_up`", ""),
        ("`accounts/signup.py`: `sign_up`", ""),
        ("`support/site.py::Console.admin_view`", ""),
        ("`accounts/views/`", ""),
        ("`accounts/sign_up.py`", "accounts/sign_up.py is not there"),
        ("`accounts/signup.py::sign_down`", "accounts/signup.py has no sign_down"),
        ("`accounts/signup.py`: `sign_down`", "accounts/signup.py has no sign_down"),
        ("`support/site.py::Console.admin`", "support/site.py has no Console.admin"),
        ("`accounts/windows/`", "accounts/windows/ is not there"),
    ],
)
def test_it_would_see_a_name_that_is_not_there(written, wrong):
    [(path, name)] = names_in(f"It is {written}, says somebody.")
    assert missing(path, name) == wrong
