"""Registry of step kinds by name: set-up steps, built in or a platform's own, and e-mails.

A platform adds a set-up step of its own as one function and one line: SETUP_STEPS names its dotted path.
The function takes the account and an idempotency key, returns a reference (or nothing), and raises
StepFailed. Its `dependency` attribute names whom it needs; its own name is taken where it has none. Its `label`
is what people read.

A step's kind is its whole path: two functions of one name in two modules are two steps. Rows were once made with
the function's bare name; they are known by it still.
"""

import hashlib
import inspect
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from provisioning import workspaces
from provisioning.emails import compose
from provisioning.emails.delivery import MAIL
from provisioning.exceptions import StepFailed
from provisioning.models import Step
from provisioning.sanitize import storable

WELCOME = "welcome_email"
LONGEST_KIND = 51  # Step.kind takes 60, and so does the diary, which adds an outcome
LONGEST_DEPENDENCY = 40
LONGEST_REFERENCE = 200
# What ends a process, or a thread of it, and is no Exception. From a step it means that the step broke.
ENDINGS = (SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError)


@dataclass(frozen=True)
class Kind:
    """Kind of step: the function that performs it, its dependency, and what is written together with its success."""

    perform: Callable[[Step], str]
    dependency: str
    record: Callable[[Sequence[Step]], None] | None = None
    label: Any = ""
    old_name: str = ""  # what its rows were called before its path was


def letter(name: str, about: str = "") -> Kind:
    """The kind of an e-mail, by the name of its template; `about`: what the desk reads of it."""
    return Kind(lambda step: compose.send(name, step), MAIL, label=f"email: {about}" if about else "")


KINDS = {
    WELCOME: letter("welcome"),
    "workspace": Kind(workspaces.create, "workspace", workspaces.record),
    "letter.already_here": letter("already_here", "you already have an account"),
    "letter.confirm_again": letter("confirm_again", "confirm your address, again"),
    "letter.known": letter("known", "your address is confirmed already"),
    "letter.move": letter("move", "confirm your new address"),
    "letter.moved": letter("moved", "your address was changed"),
    "letter.password_changed": letter("password_changed", "your password was changed"),
    "letter.ready": letter("ready", "it works"),
    "letter.repaired": letter("ready", "it works, as you asked"),
    "letter.reset": letter("reset", "choose a new password"),
    "letter.outage_notice": letter("outage_notice", "late because of an outage"),
    "letter.staff_invited": letter("staff_invited", "invitation to the desk"),
    "letter.second_step_removed": letter("second_step_removed", "the second step was removed"),
    "letter.taken": letter("taken", "when we'll answer"),
    "letter.late": letter("late", "our answer is late"),
    "letter.let_in": letter("let_in", "you've been let in"),
    "letter.amends": letter("ready", "it works, and we're sorry"),
    "letter.word": letter("word", "a personal note"),
    "letter.follow_up": letter("follow_up", "how did it go?"),
    "letter.come_back": letter("come_back", "it works now, come back"),
}


class Kinds(dict[str, Kind]):
    """Kinds by name, with cached lookups derived from them."""

    @cached_property
    def by_old(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, kind in self.items():
            if kind.old_name and kind.old_name not in KINDS:
                found.setdefault(kind.old_name, name)
        return found

    @cached_property
    def known(self) -> dict[str, Kind]:
        return {**KINDS, **self, **{old: self[name] for old, name in self.by_old.items()}}


@cache
def setup_kinds() -> Kinds:
    """Set-up steps that every new account is owed, in the order of SETUP_STEPS."""
    return Kinds(_setup_kind(path) for path in settings.SETUP_STEPS)


def _setup_kind(path: str) -> tuple[str, Kind]:
    if path in KINDS:
        return path, KINDS[path]
    try:
        function = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"SETUP_STEPS names {path!r}, which cannot be imported: {error}.") from error
    return shortened(path, LONGEST_KIND), _adopted(path, function)


def _adopted(path: str, function: Any) -> Kind:
    if not callable(function) or inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise ImproperlyConfigured(f"SETUP_STEPS names {path!r}, which is not a plain function of (account, key).")
    name = getattr(function, "__name__", "") or path.rpartition(".")[2]
    needs = storable(getattr(function, "dependency", None) or name, LONGEST_REFERENCE).strip() or name
    label = getattr(function, "label", "")
    return Kind(_careful(function), shortened(needs, LONGEST_DEPENDENCY), label=label, old_name=name)


def _careful(function: Callable) -> Callable[[Step], str]:
    """Wrap a platform's function, so that whatever it returns or raises can be settled."""

    def perform(step: Step) -> str:
        try:
            return _reference_of(function(step.account, str(step.key)))
        except StepFailed as refusal:
            raise StepFailed.of(refusal) from refusal
        except ENDINGS as error:
            raise StepFailed(f"a fault in our own code ({type(error).__name__})", failure="bug") from error

    return perform


def _reference_of(result: Any) -> str:
    """The reference in what a platform's function returned; True, False and None name nothing.

    Raises StepFailed for an awaitable or a generator: what is still to be run is not done.
    """
    if inspect.isawaitable(result) or inspect.isgenerator(result):
        raise StepFailed(f"a fault in our own code (it returned a {type(result).__name__})", failure="bug")
    return "" if result is None or isinstance(result, bool) else storable(result, LONGEST_REFERENCE)


def shortened(path: str, longest: int) -> str:
    """The path, or where it is too long its hash and its last part: always the same for the same path."""
    if len(path) <= longest:
        return path
    digest = hashlib.sha256(path.encode(errors="replace")).hexdigest()[:8]
    return f"{digest}.{path.rpartition('.')[2]}"[:longest]


def names_by_old() -> dict[str, str]:
    """Bare function names under which rows may stand, and the kinds that have them. Of two, the first has it."""
    return setup_kinds().by_old


def name_of(kind: str) -> str:
    """Current name of the kind of a row."""
    return names_by_old().get(kind, kind)


def names_of(name: str) -> list[str]:
    """All names that rows of this kind may have, the current one first."""
    return [name, *(old for old, now in names_by_old().items() if now == name)]


def find_kind(name: str) -> Kind:
    """The kind with this current or old name. Raises KeyError if this process does not know it."""
    return setup_kinds().known[name]


def known_kinds() -> dict[str, Kind]:
    """Kinds that this process can perform, by all names that rows may have."""
    return setup_kinds().known


def kinds_needing() -> dict[str, list[str]]:
    """Names of the kinds this process knows, by the dependency they need.

    A kind that it does not know (of older or newer code) is never claimed by it: parked, not given up.
    """
    found: dict[str, list[str]] = {}
    for name, kind in known_kinds().items():
        found.setdefault(kind.dependency, []).append(name)
    return found


def label_of(kind: str) -> str:
    """Label of a kind for people to read; of a kind that this process does not know, too."""
    known = setup_kinds().get(name_of(kind)) or (KINDS.get(kind) if kind.startswith("letter.") else None)
    if known and known.label:
        return storable(known.label, 100)
    if kind.startswith("letter."):
        return kind.replace("letter.", "email: ").replace("_", " ")
    return kind.rpartition(".")[2].replace("_", " ")


def in_diary(kind: str, outcome: str) -> str:
    """Event kind for a step's outcome in the diary."""
    return f"{shortened(name_of(kind), LONGEST_KIND)}.{outcome}"
