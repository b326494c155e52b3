"""What there is to translate, read from the sources themselves: no gettext program is needed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parents[2]
MARKS = {"_", "gettext", "gettext_lazy"}
TO_THE_DESK = re.compile(r"(^admin/)|(^emails/(morning|evening|owner|backup|word)-)")  # she reads English
IN_TEMPLATES = re.compile(r"""(?<!\w)(?:_|gettext)\((?P<text>u?(?:'''|\"\"\"|'|").*?(?:'''|\"\"\"|'|"))\)""", re.S)


def sources() -> Iterator[Path]:
    for room in ("accounts", "product", "provisioning"):
        yield from (path for path in (PROJECT / room).rglob("*.py") if "migrations" not in path.parts)
    yield PROJECT / "support" / "forms.py"


def templates() -> Iterator[Path]:
    folder = PROJECT / "templates"
    for path in (*folder.rglob("*.html"), *folder.rglob("*.txt")):
        if not TO_THE_DESK.match(path.relative_to(folder).as_posix()):
            yield path


def words_of_source(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") in MARKS
            and isinstance(node.args[0], ast.Constant)
        ):
            yield ast.literal_eval(node.args[0])


def words_of_template(path: Path) -> Iterator[str]:
    for found in IN_TEMPLATES.finditer(templatize(path.read_text())):
        yield ast.literal_eval(found["text"])


def words() -> dict[str, str]:
    """Each text, and a place where it stands."""
    found = {text: path.name for path in sources() for text in words_of_source(path)}
    return found | {text: path.name for path in templates() for text in words_of_template(path)}
