"""Management command that begins a platform of one's own, an overlay that needs no merge at an upgrade."""

import keyword
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

OVERLAY = Path(__file__).resolve().parents[2] / "overlay"
SUFFIX = ".tpl"
SHAPE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Command(BaseCommand):
    """`manage.py startplatform acme ../acme-platform`."""

    help = "Make a folder with settings, urls, a page, a template, a set-up step and a test of your own platform."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="its package, in lower case: acme")
        parser.add_argument("folder", nargs="?", type=Path, help="a new folder; NAME-platform beside Arrivals' own")

    def handle(self, *args: Any, name: str, folder: Path | None, **options: Any) -> None:
        refuse_name(name)
        folder = (folder or settings.BASE_DIR.parent / f"{name}-platform").resolve()
        refuse_folder(folder)
        for path in copy(name, folder):
            self.stdout.write(f"  {path.relative_to(folder)}")
        self.stdout.write(f"{name} is in {folder}. Try: cd {folder} && python -m pytest && python manage.py up")


def refuse_name(name: str) -> None:
    """Raise CommandError for a name that no new package can have."""
    if not SHAPE.fullmatch(name) or keyword.iskeyword(name):
        raise CommandError(f"{name!r} is no name for a package: lower-case letters, digits and _, a letter first.")
    if find_spec(name) is not None:
        raise CommandError(f"There is a package {name!r} already: choose another name.")


def refuse_folder(folder: Path) -> None:
    """Raise CommandError for a folder that is not new, or lies in ours, where an upgrade would meet it."""
    if folder.is_relative_to(settings.BASE_DIR):
        raise CommandError(f"{folder} lies in Arrivals' own folder: an upgrade would have to go round it.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there already, and not an empty folder.")


def copy(name: str, folder: Path) -> list[Path]:
    """Write the overlay under this name, and return its files."""
    words = {"acme": name, "Acme": name.replace("_", " ").title(), "@arrivals@": str(settings.BASE_DIR)}
    made = []
    for source in sorted(OVERLAY.rglob(f"*{SUFFIX}")):
        to = folder / "/".join(part.replace("acme", name) for part in source.relative_to(OVERLAY).parts)
        to = to.with_suffix("") if to.suffix == SUFFIX else to
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], source.read_text()))
        made.append(to)
    return made
