"""System checks of the set-up: every dotted path that the settings name leads to something that can be called.

Read lazily, a typing error was a 500 for everybody who signed up, and `check` was pleased.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from inspect import iscoroutinefunction, signature
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

from provisioning.kinds import KINDS, setup_kinds
from provisioning.models import Step

OUR_STEPS = [name for name in KINDS if not name.startswith("letter.")]


@register("settings")
def set_up(**_: object) -> list[CheckMessage]:
    """System check of SETUP_STEPS, SWEEPS, CHORES and the pace of the sweep."""
    wrong = [fault for path in settings.SETUP_STEPS for fault in _step(path)]
    named = [fault for name in ("SWEEPS", "CHORES") for fault in _callables(name)]
    return [*wrong, *named, *_pace(), *([] if wrong else _names())]


def _step(path: str) -> Iterator[CheckMessage]:
    if path in OUR_STEPS:
        return
    if path in KINDS:
        yield _error(2, f"SETUP_STEPS names {path!r}, which is an email and not a step of the set-up", "take it out")
        return
    function, why = _imported(path)
    if why:
        yield _error(1, f"SETUP_STEPS names {path!r}, which cannot be imported ({why})", _instead(path))
    elif not _is_step(function):
        like = "def billing(account, key)"
        yield _error(
            3, f"SETUP_STEPS names {path!r}, which is no function of an account and a key", f"make it {like}"
        )


def _instead(path: str) -> str:
    near = get_close_matches(path, OUR_STEPS, 1)
    return f"write {near[0]}" if near else f"write {', '.join(OUR_STEPS)} or the dotted path of a function"


def _imported(path: str) -> tuple[Any, str]:
    """The imported object, or the reason why there is none: code of the platform's may raise anything."""
    try:
        return import_string(path), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _is_step(function: Any) -> bool:
    if not callable(function) or iscoroutinefunction(function) or not hasattr(function, "__name__"):
        return False
    try:
        signature(function).bind(None, "")
    except TypeError:
        return False
    except ValueError:  # written in C: it does not say
        return True
    return True


def _names() -> Iterator[CheckMessage]:
    """Check the kind and the dependency that the engine makes of each step, once each can be imported."""
    kinds = setup_kinds()
    if len(kinds) < len(settings.SETUP_STEPS):
        yield _error(4, "SETUP_STEPS names two functions of one name", "give one of them another")
    for name, kind in kinds.items():
        for what, field in ((name, "kind"), (kind.dependency, "dependency")):
            most = getattr(Step._meta.get_field(field), "max_length", 0)
            if not isinstance(what, str) or not 0 < len(what) <= most:
                words = f"SETUP_STEPS names a step whose {field} is {what!r}"
                yield _error(5, words, f"make it a text of at most {most} characters")


def _callables(name: str) -> Iterator[CheckMessage]:
    for path in getattr(settings, name):
        function, why = _imported(path)
        if why or not callable(function):
            yield _error(6, f"{name} names {path!r}, which cannot be called ({why})", "name a function")


def _pace() -> Iterator[CheckMessage]:
    lease = settings.SETUP_LEASE.total_seconds()
    if lease < settings.SWEEP_SECONDS:
        yield Warning(
            "SWEEP_SECONDS is longer than SETUP_LEASE_SECONDS, so the step of a dead worker waits for the sweep",
            hint=f"sweep at least every {lease:.0f} seconds",
            id="provisioning.W001",
        )


def _error(number: int, words: str, hint: str) -> CheckMessage:
    return Error(words, hint=hint, id=f"provisioning.E{number:03}")
