"""One voice: what becomes of an email that nobody asked for, decided at its hand-over. Pure: facts in, a verdict out.

To owe such an email means "look at this person". Whatever was true when it was owed, only what is true when the mail
service can take it is said: the facts are read then, an email whose reason is gone is withdrawn, and of several with
one piece of news one speaks for all. Emails that were asked for (a reset, a confirmation) go by themselves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

IT_WORKS = ("letter.repaired", "letter.ready", "letter.amends")  # one piece of news; the first of them speaks
NOTICE = "letter.outage_notice"
TAKEN = "letter.taken"
NEWS = (*IT_WORKS, NOTICE, TAKEN, "letter.late", "letter.let_in", "letter.follow_up", "letter.come_back")
OWN_WAIT = timedelta(minutes=5)  # that somebody has waited themselves before they are told of an outage
PAUSE = timedelta(minutes=30)  # after any email of ours, before one about an outage
MAY_HEAL = timedelta(minutes=15)  # for which whoever wrote is not told by when a person answers, since it may work
LOOK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Letter:
    """Email to a person: owed, or handed over."""

    kind: str
    owed_at: datetime
    handed_over_at: datetime | None = None


@dataclass(frozen=True)
class Recipient:
    """Recipient of an email, as things are now.

    `works_since`: None while their account is not active. `mail_back_at`: when mail began to go out again; now, while
    it does not. `told_late_at`: when a page, or the welcome email, last told them that it is late or failed.
    `letters`: the others to them.
    """

    signed_up_at: datetime
    works_since: datetime | None = None
    suspended: bool = False
    given_up: bool = False
    told_late_at: datetime | None = None
    mail_back_at: datetime | None = None
    letters: tuple[Letter, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Verdict on an email: hand it over, hold it `until`, or (neither) withdraw it; `because` is for the diary."""

    hand_over: bool = False
    until: datetime | None = None
    because: str = ""


HAND_OVER = Verdict(hand_over=True)


def verdict(letter: Letter, to: Recipient, now: datetime) -> Verdict:
    """What becomes of this email to this person now."""
    if letter.kind not in NEWS:
        return HAND_OVER
    if to.suspended:
        return Verdict(because="the account is suspended")
    if letter.kind in IT_WORKS:
        return _it_works(letter, to, now)
    if letter.kind == NOTICE:
        return _notice(to, now)
    if letter.kind == TAKEN:
        return _taken(letter, to, now)
    return HAND_OVER


def _it_works(letter: Letter, to: Recipient, now: datetime) -> Verdict:
    if to.works_since is None:
        return Verdict(because="it does not work yet")
    if _has_heard_that_it_works(to, to.works_since):
        return Verdict(because="they have been told that it works")
    speaker = min((letter.kind, *_owed(to, IT_WORKS)), key=IT_WORKS.index)
    return HAND_OVER if speaker == letter.kind else Verdict(until=now + LOOK_AGAIN, because="another one says it")


def _notice(to: Recipient, now: datetime) -> Verdict:
    """For those who have waited themselves, wait still, and have not been told."""
    if to.works_since:
        return Verdict(because="it works by now")
    if to.told_late_at:
        return Verdict(because="they have been told")
    last = max((letter.handed_over_at for letter in to.letters if letter.handed_over_at), default=None)
    back = to.mail_back_at + OWN_WAIT if to.mail_back_at else to.signed_up_at  # what was down comes back together
    earliest = max(to.signed_up_at + OWN_WAIT, last + PAUSE if last else to.signed_up_at, back)
    return HAND_OVER if now >= earliest else Verdict(until=earliest, because="they have not waited for long")


def _taken(letter: Letter, to: Recipient, now: datetime) -> Verdict:
    """The answer that names a time; the news that it works names that, too."""
    if to.works_since and _owed(to, IT_WORKS):
        return Verdict(until=now + LOOK_AGAIN, because="another one says it")
    if _has_heard_that_it_works(to, letter.owed_at):
        return Verdict(because="said with the news that it works")
    until = letter.owed_at + MAY_HEAL
    if to.works_since is None and not to.given_up and now < until:
        return Verdict(until=until, because="it may work in a moment, and that is the better answer")
    return HAND_OVER


def _has_heard_that_it_works(to: Recipient, since: datetime) -> bool:
    heard = (letter.handed_over_at for letter in to.letters if letter.kind in IT_WORKS)
    return any(at >= since for at in heard if at)


def _owed(to: Recipient, kinds: tuple[str, ...]) -> list[str]:
    return [letter.kind for letter in to.letters if letter.kind in kinds and not letter.handed_over_at]
