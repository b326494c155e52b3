"""Reading of a file of people, CSV or JSON lines: each line by itself, so that a broken one breaks no other."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

COLUMNS = (
    *("email", "status", "name", "phone", "company", "password"),
    *("joined", "confirmed", "language", "workspace", "id"),
)
NEEDED = ("email", "status")
LONGEST_LINE = 20_000  # bytes


class NotAList(Exception):
    """A file that cannot be read as a whole; the message says why, and what to do."""


class Line(NamedTuple):
    """One line of the file: the cells by column, or what is wrong with it."""

    number: int
    cells: dict[str, str]
    wrong: str = ""


def read(path: Path) -> Iterator[Line]:
    """Yield the lines of a file that are not blank. Raises NotAList."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotAList(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        numbered = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
        first = next(numbered, None)
        if first is None:
            raise NotAList(f"{path} is empty.")
        number, head = first[0], first[1].removeprefix(b"\xef\xbb\xbf")
        if head.lstrip().startswith(b"{"):
            yield _object(number, head)
            yield from (_object(*one) for one in numbered)
            return
        columns, delimiter = _columns(head)
        yield from (_row(number, line, columns, delimiter) for number, line in numbered)


def _columns(head: bytes) -> tuple[list[str], str]:
    text = head.decode(errors="replace").strip()
    delimiter = max(",;\t", key=text.count)
    columns = [column.strip().lower() for column in text.replace('"', "").split(delimiter)]
    if wrong := _wrong_columns(columns):
        raise NotAList(f"The first line names the columns, and {wrong}.")
    return columns, delimiter


def _wrong_columns(columns: Sequence[str]) -> str:
    unknown = [column for column in columns if column not in COLUMNS]
    missing = [column for column in NEEDED if column not in columns]
    if unknown:
        return f"there is no column {unknown[0]!r}; there are {', '.join(COLUMNS)}"
    if missing:
        return f"{' and '.join(missing)} must be among them"
    return "each may be named once" if len(set(columns)) < len(columns) else ""


def _text(line: bytes) -> str:
    """Raises ValueError with what is wrong with the line."""
    if len(line) > LONGEST_LINE:
        raise ValueError("it is longer than any person's line")
    try:
        text = line.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
    if "\x00" in text:
        raise ValueError("it has a NUL character in it")
    return text


def _row(number: int, line: bytes, columns: list[str], delimiter: str) -> Line:
    try:
        cells = next(csv.reader([_text(line)], delimiter=delimiter, strict=True))
        if len(cells) != len(columns):
            raise ValueError(f"it has {len(cells)} cells, and the first line {len(columns)}")
    except (ValueError, csv.Error) as error:
        return Line(number, {}, f"the line is broken: {error}")
    return Line(number, dict(zip(columns, cells, strict=True)))


def _object(number: int, line: bytes) -> Line:
    try:
        found: Any = json.loads(_text(line))
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
    except (ValueError, RecursionError) as error:
        return Line(number, {}, f"the line is broken: {error}")
    if unknown := [name for name in found if name not in COLUMNS]:
        return Line(number, {}, f"there is no field {unknown[0][:40]!r}")
    texts = {name: "" if value is None else value for name, value in found.items()}
    if nested := [name for name, value in texts.items() if not isinstance(value, str | int | bool)]:
        return Line(number, {}, f"{nested[0]} is no text")
    return Line(number, {name: str(value) for name, value in texts.items()})
