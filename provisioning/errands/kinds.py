"""Registry of errands by name: who is called, and by which function. Rooms add theirs (settings.ERRANDS)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from provisioning.models import Errand


@dataclass(frozen=True)
class ErrandKind:
    """Kind of errand: the function that performs it, and its dependency."""

    perform: Callable[[Errand], str]
    dependency: str


@cache
def errand_kinds() -> dict[str, ErrandKind]:
    """All errands that this process can perform, by name."""
    return {name: kind for path in settings.ERRANDS for name, kind in import_string(path).items()}


@cache
def kinds_by_dependency() -> dict[str, list[str]]:
    """Names of the errands, by the dependency they need."""
    found: dict[str, list[str]] = {}
    for name, kind in errand_kinds().items():
        found.setdefault(kind.dependency, []).append(name)
    return found
