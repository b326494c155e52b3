"""Languages of the front door, discovered from `locale/`: each folder with a compiled catalogue is one."""

from collections.abc import Iterator
from pathlib import Path

from django.conf.locale import LANG_INFO
from django.utils.translation import to_language

WRITTEN_IN = ("en", "English")


def discovered(folder: Path) -> list[tuple[str, str]]:
    """Codes and the names that their speakers use; English first, in which everything is written."""
    return [WRITTEN_IN, *_compiled(folder)]


def _compiled(folder: Path) -> Iterator[tuple[str, str]]:
    for catalogue in sorted(folder.glob("*/LC_MESSAGES/django.mo")):
        code = to_language(catalogue.parents[1].name)
        name = LANG_INFO.get(code, {}).get("name_local", code)
        yield code, name[:1].upper() + name[1:]
