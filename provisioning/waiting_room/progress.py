"""Progress of an account, as its owner is told: facts in, keys of sentences out. No database, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.sentences import SENTENCES
from accounts.status import Status
from provisioning.emails.delivery import names_the_mailbox
from provisioning.kinds import WELCOME
from provisioning.models import OWED, SETTLED, State, Step


@dataclass(frozen=True)
class Line:
    """Line about one step: `mark` is done, open, late or dead; `key` names the sentence."""

    kind: str
    mark: str
    at: datetime | None
    ended: str = ""  # how it died, where that has a sentence of its own

    @property
    def key(self) -> str:
        known = f"{self.kind}.{self.ended or self.mark}"
        return known if known in SENTENCES else f"other.{self.mark}"


@dataclass(frozen=True)
class Situation:
    """Situation of an account, as the page shows it.

    The sentence at the top, one line a step, and when we try next (None: now, or nothing to try).
    """

    top: str
    lines: tuple[Line, ...]
    next_try: datetime | None
    may_enter: bool

    @property
    def settled(self) -> bool:
        """True if nothing more comes, so that the page need not look again: what was given up, a person may mend.

        Before a sign-up is picked up it has no lines yet.
        """
        if not self.lines:
            return self.top == "waiting.ready"
        return all(line.mark == "done" for line in self.lines)

    @property
    def given_up(self) -> bool:
        """True if nothing is tried any more, and something is missing."""
        return not self.settled and bool(self.lines) and all(line.mark in ("done", "dead") for line in self.lines)


def line_of(step: Step) -> Line:
    """Line about a step, from its state and its error."""
    if step.state == State.DONE:
        return Line(step.kind, "done", step.done_at)
    if step.state == State.DEAD:
        return Line(step.kind, "dead", step.failed_at, _how_it_ended(step))
    return Line(step.kind, "late" if step.error else "open", step.failed_at)


def _how_it_ended(step: Step) -> str:
    """End of a welcome letter that was given up: it came back, or was refused without a word about the mailbox."""
    if step.kind != WELCOME:
        return ""
    if step.reference:
        return "bounced"
    return "" if names_the_mailbox(step.error) else "refused"


def situation(status: str, steps: Iterable[Step], probes: Mapping[str, datetime], now: datetime) -> Situation:
    """Situation of an account with this status and these steps.

    `probes`: when each dependency that is down for everybody is asked again.
    """
    steps = list(steps)
    lines = tuple(line_of(step) for step in steps)
    may_enter = bool(steps) and all(step.state in SETTLED for step in steps if step.kind != WELCOME)
    return Situation(
        _top(status, steps, lines, probes), lines, _next_try(steps, probes, now), may_enter or status == Status.ACTIVE
    )


def _top(status: str, steps: Sequence[Step], lines: Iterable[Line], probes: Mapping[str, datetime]) -> str:
    if status == Status.ACTIVE:
        return "waiting.ready"
    if status == Status.FAILED:
        return "waiting.address" if _only_the_address(steps) else "waiting.gave_up"
    if any(line.mark == "late" for line in lines):
        return "waiting.late"
    owed = [step for step in steps if step.state in OWED]
    held_up = any(step.dependency in probes for step in owed) if steps else bool(probes)  # before anything is owed
    return "waiting.held_up" if held_up else "waiting.on_its_way"


def _only_the_address(steps: Iterable[Step]) -> bool:
    """True if nothing but the welcome letter was given up, and that because of its address.

    It came back, or was refused by name. Any other refusal may be of us.
    """
    dead = [step for step in steps if step.state == State.DEAD]
    return bool(dead) and all(
        step.kind == WELCOME and step.permanent and _how_it_ended(step) != "refused" for step in dead
    )


def _next_try(steps: Iterable[Step], probes: Mapping[str, datetime], now: datetime) -> datetime | None:
    """The earliest moment at which something owed is tried again; None if that is now.

    A letter that waits its turn (emails/rate_limit.py) was never tried: its line says that it has not gone out yet.
    """
    owed = [step for step in steps if step.state in OWED and not _waits_its_turn(step, now)]
    whens = [now if step.leased else max(step.due_at, probes.get(step.dependency, now)) for step in owed]
    return None if now in whens else min((when for when in whens if when > now), default=None)


def _waits_its_turn(step: Step, now: datetime) -> bool:
    return step.kind == WELCOME and not step.error and not step.leased and step.due_at > now
