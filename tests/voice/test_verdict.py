"""One function decides what becomes of an email that nobody asked for: its table, and random histories of people."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.emails.voice import (
    IT_WORKS,
    LOOK_AGAIN,
    MAY_HEAL,
    NEWS,
    NOTICE,
    OWN_WAIT,
    PAUSE,
    TAKEN,
    Letter,
    Recipient,
    Verdict,
    verdict,
)

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def owed(kind: str, since: float = 20) -> Letter:
    return Letter(kind, at(since))


def sent(kind: str, when: float) -> Letter:
    return Letter(kind, at(0), at(when))


NEW = Recipient(signed_up_at=T0)
ACTIVE = replace(NEW, works_since=at(20))
TELLS = "hand over"

TABLE = [
    # what is owed, to whom, minutes since the sign-up, what becomes of it
    ("a reset", "letter.reset", NEW, 1, TELLS),
    ("a reset of somebody suspended", "letter.reset", replace(NEW, suspended=True), 1, TELLS),
    ("a person's own word", "letter.word", replace(NEW, letters=(sent("letter.ready", 1),)), 2, TELLS),
    ("it works, and it does", "letter.ready", ACTIVE, 21, TELLS),
    ("it works, and it does not", "letter.ready", NEW, 21, "it does not work yet"),
    ("it works, suspended", "letter.ready", replace(ACTIVE, suspended=True), 21, "the account is suspended"),
    (
        "told already",
        "letter.amends",
        replace(ACTIVE, letters=(sent("letter.ready", 21),)),
        22,
        "they have been told",
    ),
    ("told of an earlier time", "letter.ready", replace(ACTIVE, letters=(sent("letter.ready", 19),)), 22, TELLS),
    ("another speaks first", "letter.amends", replace(ACTIVE, letters=(owed("letter.ready"),)), 21, LOOK_AGAIN),
    (
        "the writer's speaks first",
        "letter.ready",
        replace(ACTIVE, letters=(owed("letter.repaired"),)),
        21,
        LOOK_AGAIN,
    ),
    ("this one speaks first", "letter.repaired", replace(ACTIVE, letters=(owed("letter.ready"),)), 21, TELLS),
    ("a notice to a newcomer", NOTICE, NEW, 4, OWN_WAIT - timedelta(minutes=4)),
    ("a notice to one who waits", NOTICE, NEW, 5, TELLS),
    (
        "a notice after the welcome",
        NOTICE,
        replace(NEW, letters=(sent("welcome_email", 1),)),
        20,
        PAUSE - timedelta(minutes=19),
    ),
    ("a notice long after it", NOTICE, replace(NEW, letters=(sent("welcome_email", 1),)), 31, TELLS),
    ("a notice to one whom a page told", NOTICE, replace(NEW, told_late_at=at(3)), 31, "they have been told"),
    ("a notice as mail comes back", NOTICE, replace(NEW, mail_back_at=at(31)), 31, OWN_WAIT),
    ("a notice to one for whom it works", NOTICE, ACTIVE, 31, "it works by now"),
    ("an answer while it may heal", TAKEN, NEW, 21, MAY_HEAL - timedelta(minutes=1)),
    ("an answer when it has not", TAKEN, NEW, 35, TELLS),
    ("an answer to who was given up", TAKEN, replace(NEW, given_up=True), 21, TELLS),
    ("an answer to whom it works for", TAKEN, ACTIVE, 21, TELLS),
    ("an answer with the news", TAKEN, replace(ACTIVE, letters=(owed("letter.ready"),)), 21, LOOK_AGAIN),
    (
        "an answer after the news",
        TAKEN,
        replace(ACTIVE, letters=(sent("letter.ready", 21),)),
        22,
        "said with the news",
    ),
]


@pytest.mark.parametrize(
    ("kind", "to", "minute", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_becomes_of_it(kind, to, minute, expected):
    found = verdict(owed(kind), to, at(minute))
    if expected == TELLS:
        assert found == Verdict(hand_over=True)
    elif isinstance(expected, timedelta):
        assert not found.hand_over and found.until == at(minute) + expected
    else:
        assert not found.hand_over and found.until is None and expected in found.because


def test_what_is_news_is_decided_and_nothing_else():
    assert {NOTICE, TAKEN, *IT_WORKS} < set(NEWS)
    assert not {"welcome_email", "letter.reset", "letter.confirm_again", "letter.word"} & set(NEWS)


@dataclass
class Life:
    """One person's story, minute by minute; emails that are owed are looked at whenever the mail service is up."""

    works_at: int
    letters: list[Letter] = field(default_factory=list)
    told_late_at: datetime | None = None
    said: list[tuple[str, datetime]] = field(default_factory=list)

    def recipient(self, ours: Letter, now: datetime) -> Recipient:
        works_since = at(self.works_at) if now >= at(self.works_at) else None
        others = tuple(letter for letter in self.letters if letter is not ours and letter.owed_at <= now)
        return Recipient(T0, works_since, told_late_at=self.told_late_at, letters=others)

    def look(self, now: datetime, held: dict[int, datetime]) -> None:
        """One look at everything that is owed, as a sweep has it."""
        for letter in [one for one in self.letters if not one.handed_over_at and one.owed_at <= now]:
            if held.get(id(letter), now) > now:
                continue
            found = verdict(letter, self.recipient(letter, now), now)
            if found.until:
                held[id(letter)] = found.until
                continue
            self.letters = [one for one in self.letters if one is not letter]
            if found.hand_over:
                self.said.append((letter.kind, now))
                self.letters.append(replace(letter, handed_over_at=now))


MINUTES = st.integers(0, 300)
HISTORIES: st.SearchStrategy[dict] = st.builds(
    dict,
    works_at=MINUTES,
    welcome=st.none() | MINUTES,
    told_late_at=st.none() | MINUTES,
    owed=st.lists(st.tuples(st.sampled_from([*IT_WORKS, NOTICE, TAKEN]), MINUTES), max_size=6),
    mail_down=st.lists(st.tuples(MINUTES, st.integers(1, 200)), max_size=3),
)


def lived(history: dict) -> Life:
    life = Life(history["works_at"])
    if history["welcome"] is not None:
        life.letters.append(sent("welcome_email", history["welcome"]))
    life.letters += [owed(kind, since) for kind, since in history["owed"]]
    held: dict[int, datetime] = {}
    for minute in range(700):
        if history["told_late_at"] is not None and minute >= history["told_late_at"] and minute < life.works_at:
            life.told_late_at = life.told_late_at or at(minute)
        if not any(start <= minute < start + lasts for start, lasts in history["mail_down"]):
            life.look(at(minute), held)
    return life


@settings(max_examples=2000, deadline=None)
@given(HISTORIES)
def test_random_histories(history):
    life = lived(history)
    news = [(kind, when) for kind, when in life.said if kind in IT_WORKS]
    works = at(life.works_at)
    assert all(when >= works for _kind, when in news), "said to work before it did"
    assert len(news) <= 1, "told twice that it works"
    assert all(when < works for kind, when in life.said if kind == NOTICE), "told of an outage that was over for them"
    if any(kind in IT_WORKS and at(since) >= works for kind, since in history["owed"]):
        assert news, "silence after it works"
    for kind, when in life.said:
        if kind == NOTICE:
            before = [letter.handed_over_at for letter in life.letters if letter.handed_over_at]
            assert not [other for other in before if when - PAUSE < other < when], (
                "a notice right after another email"
            )
            assert when >= at(5) and not (life.told_late_at and life.told_late_at <= when)
    taken = [when for kind, when in life.said if kind == TAKEN]
    assert not [when for when in taken if news and when > news[0][1] and _owed_before(history, TAKEN, news[0][1])]


def _owed_before(history: dict, kind: str, moment: datetime) -> bool:
    """True if all of this kind was owed before: then the news has said it."""
    return all(at(since) <= moment for sort, since in history["owed"] if sort == kind)
