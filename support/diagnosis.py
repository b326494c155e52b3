"""What is the matter with an account: facts in, a finding out. A table; the first row that fits wins."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.status import Status
from provisioning.models import OWED, State, Step


@dataclass(frozen=True)
class Facts:
    """What is known about one person when somebody looks."""

    status: str
    suspended: bool
    steps: tuple[Step, ...]
    down: frozenset[str]  # dependencies that are down for everybody

    def stuck(self) -> list[Step]:
        return [step for step in self.steps if step.state == State.DEAD or (step.state in OWED and step.error)]


@dataclass(frozen=True)
class Finding:
    """`act` is what we suggest: recover, wait, correct_address, answer, read."""

    code: str
    sentence: str
    act: str
    evidence: tuple[str, ...] = ()


def diagnose(facts: Facts) -> Finding:
    evidence = tuple(f"{step.kind}: {step.error}" for step in facts.stuck())
    for code, fits, sentence, act in TABLE:
        if fits(facts):
            return Finding(code, sentence, act, evidence)
    raise AssertionError("the last row fits everybody")


def _waits_for_what_is_down(facts: Facts) -> bool:
    return any(step.dependency in facts.down for step in facts.stuck())


def _bounced(facts: Facts) -> bool:
    return any(step.permanent and step.dependency == "mail" for step in facts.stuck())


def _refused(facts: Facts) -> bool:
    return any(step.permanent for step in facts.stuck())


def _gave_up(facts: Facts) -> bool:
    return facts.status == Status.FAILED


def _healing(facts: Facts) -> bool:
    return facts.status != Status.ACTIVE


def _fine(facts: Facts) -> bool:
    return facts.status == Status.ACTIVE


Row = tuple[str, Callable[[Facts], bool], str, str]
TABLE: tuple[Row, ...] = (
    ("suspended", lambda facts: facts.suspended, "This account is suspended.", "answer"),
    (
        "dep_down",
        _waits_for_what_is_down,
        "A service we depend on is down for everybody. It is asked again by itself.",
        "wait",
    ),
    ("bounced", _bounced, "Their address does not take our mail.", "correct_address"),
    ("refused", _refused, "It was refused for good: trying again unchanged will not help.", "read"),
    ("gave_up", _gave_up, "The machine tried until its tries were spent. See the last errors.", "recover"),
    ("healing", _healing, "It is being set up or repaired by itself right now.", "wait"),
    ("fine", _fine, "Nothing is wrong on our side.", "answer"),
    ("unknown", lambda facts: True, "I do not know.", "read"),
)
