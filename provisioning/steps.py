"""The kinds of things we may owe an account, by name.

A platform adds a set-up step of its own as one function and one line: SETUP_STEPS names its dotted path.
The function takes the account and an idempotency key, returns a reference (or nothing), and raises
StepFailed. Its `dependency` attribute names whom it needs; its own name is taken where it has none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from provisioning import letters, workspaces
from provisioning.models import Step

WELCOME = "welcome_email"
MAIL = "mail"


@dataclass(frozen=True)
class Kind:
    """How one kind of step is performed, whom it needs, and what is written together with its success."""

    perform: Callable[[Step], str]
    dependency: str
    record: Callable[[Sequence[Step]], None] | None = None


def letter(name: str) -> Kind:
    return Kind(lambda step: letters.send(name, step), MAIL)


KINDS = {
    WELCOME: letter("welcome"),
    "workspace": Kind(workspaces.create, "workspace", workspaces.record),
    "letter.already_here": letter("already_here"),
    "letter.confirm_again": letter("confirm_again"),
    "letter.known": letter("known"),
    "letter.password_changed": letter("password_changed"),
    "letter.ready": letter("ready"),
    "letter.repaired": letter("repaired"),
    "letter.reset": letter("reset"),
    "letter.outage_notice": letter("outage_notice"),
    "letter.taken": letter("taken"),
    "letter.late": letter("late"),
    "letter.let_in": letter("let_in"),
    "letter.amends": letter("amends"),
    "letter.word": letter("word"),
    "letter.follow_up": letter("follow_up"),
    "letter.come_back": letter("come_back"),
}


@cache
def setup_kinds() -> dict[str, Kind]:
    """What every new account is owed, in the order of SETUP_STEPS."""
    return dict(_setup_kind(path) for path in settings.SETUP_STEPS)


def _setup_kind(path: str) -> tuple[str, Kind]:
    if path in KINDS:
        return path, KINDS[path]
    try:
        function = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"SETUP_STEPS names {path!r}, which cannot be imported: {error}.") from error
    return _adopted(function)


def _adopted(function: Callable) -> tuple[str, Kind]:
    name = function.__name__
    dependency = getattr(function, "dependency", name)
    return name, Kind(lambda step: function(step.account, str(step.key)) or "", dependency)


def find_kind(name: str) -> Kind:
    return setup_kinds().get(name) or KINDS[name]


def kinds_needing() -> dict[str, list[str]]:
    """The kinds this process knows, by the dependency they need.

    A kind that it does not know (of older or newer code) is never claimed by it: parked, not given up.
    """
    found: dict[str, list[str]] = {}
    for name, kind in {**KINDS, **setup_kinds()}.items():
        found.setdefault(kind.dependency, []).append(name)
    return found
