"""Harm that somebody who writes to us has met so far, for the reply to them: what to acknowledge and apologise for.

Pure. Once it works, harm is what trust/harm.py finds; until then, what it would find if it worked now.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accounts.models import Account, Event, Voice
from accounts.status import Status
from support.models import TrustRepair
from support.trust.harm import DENIALS, NOTICEABLE, Friction, Seen, Story, friction, level

Level, State = TrustRepair.Level, TrustRepair.State
RECENT = timedelta(days=30)  # as far back as apologies are owed
FAILURES = (".failed", ".refused", ".outage")


@dataclass(frozen=True)
class Written:
    """Number of their messages that wait for an answer, by when one was promised, and the deadline in them."""

    times: int = 0
    promised_for: datetime | None = None
    deadline: datetime | None = None


@dataclass(frozen=True)
class Harm:
    """Harm to acknowledge in a reply. `apology`: the personal one is owed, and the reply holds it."""

    came_at: datetime
    ready_at: datetime | None  # None: it does not work yet
    minutes: int
    tries: int
    times_written: int
    chased: bool  # they wrote before it worked
    untrue: tuple[str, ...]
    deadline: datetime | None  # one that was missed
    promised_for: datetime | None  # a promise of ours that was broken
    apology: bool

    @property
    def any(self) -> bool:
        lost = self.untrue or self.deadline or self.promised_for
        return bool(self.waited or self.tries > 1 or self.wrote_again or lost)

    @property
    def waited(self) -> bool:
        return self.minutes >= NOTICEABLE

    @property
    def wrote_again(self) -> bool:
        return self.times_written > 1


def harm_of(
    account: Account, events: Iterable[Event], repair: TrustRepair | None, written: Written, now: datetime
) -> Harm | None:
    """Harm of this person up to now; None: there is none, or it was spoken of before.

    `repair` is the newest of theirs. What they wrote after it worked counts, too, as long as nobody has answered.
    """
    story = story_so_far(account, events, written, now)
    found, works = friction(story), account.status == Status.ACTIVE
    broken = written.promised_for if written.promised_for and written.promised_for < now else None
    owed = is_owed(account, story, found, repair, now)
    missed = story.needed_by if found.deadline_lost else None
    harm = Harm(
        came_at=story.created_at,
        ready_at=story.ready_at if works else None,
        minutes=found.minutes_waited,
        tries=sum(door != "support" for door in found.doors),
        times_written=written.times,
        chased=found.wrote and works,
        untrue=found.untrue,
        deadline=missed,
        promised_for=broken,
        apology=owed,
    )
    if works and not owed and (repair or now - story.ready_at > RECENT):
        harm = replace(harm, minutes=0, tries=0, chased=False, untrue=(), deadline=None)
    return harm if harm.any or harm.apology else None


def story_so_far(account: Account, events: Iterable[Event], written: Written, now: datetime) -> Story:
    """History of an account until it worked, or until now if it does not yet."""
    ordered = sorted(events, key=lambda event: event.at)
    theirs = tuple(Seen(event.at, event.kind, event.shown) for event in ordered if event.voice == Voice.THEY)
    return Story(
        created_at=account.created_at,
        ready_at=account.status_at if account.status == Status.ACTIVE else now,
        events=theirs,
        failed=any(event.voice == Voice.WE and event.kind.endswith(FAILURES) for event in ordered),
        needed_by=account.needed_by or written.deadline,
    )


def is_owed(account: Account, story: Story, found: Friction, repair: TrustRepair | None, now: datetime) -> bool:
    """True if a personal apology is owed to them: it was found to be, or will be within seconds."""
    if account.status != Status.ACTIVE:
        return False
    if repair:
        return repair.state == State.OWED and repair.level == Level.PERSONAL
    if account.is_staff or now - story.ready_at > RECENT:
        return False
    return deserves_a_word(story, found)


def deserves_a_word(story: Story, found: Friction) -> bool:
    """True if something of ours went wrong or was slow, and what they met makes it a word from a person."""
    ours = story.failed or found.minutes_waited >= NOTICEABLE or any(key in DENIALS for key in found.untrue)
    return ours and level(found, story.failed)[0] == Level.PERSONAL
