"""Truth of the sentences that people were shown: the states of an account in which each is true, and a check.

Measured from the audit log, which has every sentence shown and every change of status. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.status import UNFINISHED, Status
from support.trust.harm import DENIALS, REFUSALS

SETTING_UP = frozenset(UNFINISHED) - {Status.FAILED}
TRUE_WHILE: dict[str, frozenset[str]] = {
    "waiting.on_its_way": SETTING_UP,
    "waiting.held_up": SETTING_UP,
    "waiting.late": SETTING_UP,
    "waiting.ready": frozenset({Status.ACTIVE}),
    "waiting.may_enter": frozenset({Status.PROVISIONED, Status.ACTIVE}),
    "waiting.gave_up": frozenset({Status.FAILED}),
    "waiting.address": frozenset({Status.FAILED}),
    **dict.fromkeys(DENIALS | REFUSALS, frozenset()),
}
MEANWHILE = timedelta(seconds=10)  # a page that was true when it was made may be noted after the next change


@dataclass(frozen=True)
class Shown:
    """One sentence that somebody was shown, by its key."""

    at: datetime
    key: str


@dataclass(frozen=True)
class Became:
    """One change of an account's status."""

    at: datetime
    status: str


def untrue(shown: Iterable[Shown], statuses: Sequence[Became]) -> list[Shown]:
    """Sentences that were not true of the account when they were shown; `statuses` are its changes, oldest first."""
    return [one for one in shown if one.key in TRUE_WHILE and not TRUE_WHILE[one.key] & _lately(statuses, one.at)]


def _lately(statuses: Sequence[Became], at: datetime) -> set[str]:
    """Statuses of the account around this moment: it has the one it came to last, or had it just before."""
    before: list[str] = [Status.CREATED, *(became.status for became in statuses if became.at <= at - MEANWHILE)]
    return {before[-1], *(became.status for became in statuses if at - MEANWHILE < became.at <= at)}
