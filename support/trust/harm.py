"""Harm a person met until set-up worked, read from the audit log, and the apology level. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import DOORS, EventKind
from support.models import TrustRepair

Level = TrustRepair.Level

# Sentences that deny an account. Said while it existed, they are untrue, whatever code found right about them.
DENIALS = frozenset({"login.unknown", "login.not_found"})
REFUSALS = frozenset({"signup.taken", "signup.already_in_use"})
EARLY = frozenset({"waiting.ready", "waiting.may_enter"})
UNTRUE = DENIALS | EARLY  # of an account that is there and not ready
NOTICEABLE = 10  # minutes; below it nobody asks what became of their sign-up
LONG = 24 * 60


@dataclass(frozen=True)
class Seen:
    """One thing a person did, and the key of the sentence that answered it."""

    at: datetime
    kind: str
    shown: str = ""


@dataclass(frozen=True)
class Story:
    """History of an account from sign-up until it was ready."""

    created_at: datetime
    ready_at: datetime
    events: tuple[Seen, ...] = ()
    failed: bool = True  # whether anything of ours failed
    needed_by: datetime | None = None
    promises_broken: int = 0
    earlier: int = 0  # words they were owed before


@dataclass(frozen=True)
class Friction:
    """Harm that a person met from sign-up until it was ready."""

    minutes_waited: int
    doors: tuple[str, ...]  # each try, in order
    untrue: tuple[str, ...]  # keys
    contradicting: bool
    wrote: bool
    deadline_lost: bool
    promises_broken: int
    again: bool


def friction(story: Story) -> Friction:
    """Harm in a history."""
    until = [seen for seen in story.events if story.created_at <= seen.at <= story.ready_at]
    return Friction(
        minutes_waited=int((story.ready_at - story.created_at) / timedelta(minutes=1)),
        doors=tuple(DOORS[seen.kind] for seen in until if _is_a_try_of_theirs(seen)),
        untrue=tuple(seen.shown for seen in until if seen.shown in UNTRUE and seen.at < story.ready_at),
        contradicting=contradict(seen.shown for seen in until),
        wrote=any(seen.kind == EventKind.WROTE for seen in until),
        deadline_lost=bool(story.needed_by and story.needed_by < story.ready_at),
        promises_broken=story.promises_broken,
        again=story.earlier > 0,
    )


def _is_a_try_of_theirs(seen: Seen) -> bool:
    """True for a door at which it was they, as far as we know: anybody may type a wrong password at somebody's."""
    wrong_password = seen.kind == EventKind.TRIED_TO_LOG_IN and seen.shown not in DENIALS
    return seen.kind in DOORS and not wrong_password


def contradict(shown: Iterable[str]) -> bool:
    """True if two of these cannot both be true: no such account, and yet it is saved, or taken."""
    keys = {key for key in shown if key}
    owned = {key for key in keys if key.startswith(("receipt.", "waiting."))} | (keys & REFUSALS)
    return bool(keys & DENIALS and owned)


def level(found: Friction, failed: bool) -> tuple[str, list[str]]:
    """Level of the apology owed, and the reasons."""
    if personal := [reason for reason, holds in _personal(found) if holds]:
        return Level.PERSONAL, personal
    if failed and found.minutes_waited >= NOTICEABLE:
        return Level.AUTOMATIC, [f"waited {found.minutes_waited} minutes"]
    return Level.NONE, [f"waited {found.minutes_waited} minutes and met no dead end"]


def _personal(found: Friction) -> list[tuple[str, bool]]:
    return [
        ("was shown something untrue", bool(found.untrue)),
        ("was shown two things that contradict each other", found.contradicting),
        (f"tried {len(found.doors)} times", len(found.doors) >= 2),
        ("wrote to us", found.wrote),
        ("waited longer than a day", found.minutes_waited > LONG),
        ("missed a deadline because of us", found.deadline_lost),
        ("a promise was broken", found.promises_broken > 0),
        ("it isn't the first time", found.again),
    ]
