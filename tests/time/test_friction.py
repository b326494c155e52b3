"""What somebody went through: one row a test, and the words that follow from it."""

import dataclasses
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from support.models import TrustRepair
from support.tickets.wording import Reader
from support.trust.apology_draft import Person, draft, wording_warnings
from support.trust.harm import Seen, Story, friction, level
from tests.time.conftest import LISBON, at, minutes

CAME = at("2026-11-23 09:14")
STORY = Story(CAME, CAME + minutes(86))
Level = TrustRepair.Level


def story(*events: tuple[str, str], **facts) -> Story:
    seen = tuple(Seen(CAME + minutes(5 + n), kind, shown) for n, (kind, shown) in enumerate(events))
    return dataclasses.replace(STORY, events=seen, **facts)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (story(ready_at=CAME + minutes(2)), Level.NONE),
        (story(ready_at=CAME + minutes(2), failed=False), Level.NONE),
        (story(), Level.AUTOMATIC),
        (story(failed=False), Level.NONE),
        (story(("looked", "waiting.late"), ("looked", "waiting.on_its_way")), Level.AUTOMATIC),
        (story(("logged_in", "")), Level.AUTOMATIC),
        (story(("logged_in", ""), ("signed_up_again", "")), Level.PERSONAL),
        (story(("wrote", "contact.taken"), ready_at=CAME + minutes(6)), Level.PERSONAL),
        (story(("tried_to_log_in", "login.unknown"), ready_at=CAME + minutes(6)), Level.PERSONAL),
        (story(("signed_up", "receipt.heading"), ("tried_to_log_in", "login.not_found")), Level.PERSONAL),
        (story(needed_by=CAME + minutes(60)), Level.PERSONAL),
        (story(needed_by=CAME + minutes(90)), Level.AUTOMATIC),
        (story(promises_broken=1), Level.PERSONAL),
        (story(ready_at=CAME + timedelta(hours=25)), Level.PERSONAL),
        (story(earlier=1), Level.PERSONAL),
    ],
)
def test_the_level(told, expected):
    assert level(friction(told), told.failed)[0] == expected


def test_every_door_at_which_they_tried_counts():
    """By the kinds that are really written; looking at the waiting room is no door."""
    kinds = ("asked_for_resend", "looked", "asked_for_reset", "logged_in", "signed_up_again", "wrote")
    told = friction(story(*((kind, "") for kind in kinds)))
    assert told.doors == ("“send it again”", "password reset", "log-in", "sign-up", "support")


def test_wrong_passwords_that_anybody_may_type_are_no_harm_of_theirs():
    told = friction(story(*[("tried_to_log_in", "login.no_match")] * 5))
    assert told.doors == () and level(told, True)[0] != Level.PERSONAL


def test_what_happens_once_it_works_is_no_harm():
    late = Story(CAME, CAME + minutes(30), (Seen(CAME + minutes(40), "wrote"), Seen(CAME + minutes(50), "logged_in")))
    assert friction(late).doors == () and not friction(late).wrote


def test_no_such_account_is_untrue_and_contradicts_the_receipt():
    found = friction(story(("signed_up", "receipt.heading"), ("tried_to_log_in", "login.unknown")))
    assert found.untrue == ("login.unknown",)
    assert found.contradicting


@pytest.mark.parametrize(
    ("told", "has", "has_not"),
    [
        (story(("wrote", ""), ready_at=CAME + minutes(40)), ["had to write", "40 minutes"], ["tried"]),
        (
            story(*[("tried_to_log_in", "login.unknown")] * 3),
            ["tried three times", "no such account. There was"],
            ["had to write"],
        ),
        (story(("logged_in", ""), ("logged_in", "")), ["tried twice"], ["no such account"]),
    ],
)
def test_the_draft_says_what_happened_and_nothing_else(told, has, has_not):
    now = told.ready_at + minutes(30)
    person = Person("Dana", told.created_at, told.ready_at, "https://a.example/login/")
    words = draft(person, friction(told), "Jordan Reis, support", "", Reader("en", LISBON, now))
    assert all(part in words for part in has) and not any(part in words for part in has_not)
    assert len(words.split()) <= 105
    assert wording_warnings(words) == []
    assert words.startswith("Hello Dana,") and words.endswith("– Jordan Reis, support")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "I'm sorry you missed your deadline because of us"),
        ("de", "dass Sie Ihren Termin unseretwegen verpasst haben"),
    ],
)
def test_a_lost_deadline_is_what_we_are_sorry_for(language, said):
    told = story(("wrote", ""), ready_at=CAME + minutes(200), needed_by=CAME + minutes(60))
    person = Person("Dana", told.created_at, told.ready_at, "https://a.example/login/")
    words = draft(person, friction(told), "Jordan", "", Reader(language, LISBON, told.ready_at))
    assert said in words and "200" not in words and "3 hours" not in words


def test_a_german_reader_is_apologised_to_in_german():
    told = story(*[("tried_to_log_in", "login.unknown")] * 3, ("wrote", ""), ready_at=CAME + minutes(200))
    person = Person("Dana", told.created_at, told.ready_at, "https://a.example/login/")
    reader = Reader("de", ZoneInfo("Europe/Berlin"), told.ready_at + minutes(30))
    words = draft(person, friction(told), "Jordan Reis, Support", "", reader)
    assert words.startswith("Hallo Dana,\n\nSie haben sich ") and words.endswith("– Jordan Reis, Support")
    assert "Sie haben viermal versucht, sich anzumelden. Sie mussten uns schreiben. Eine unserer Seiten" in words
    assert "es tut mir leid, dass es Sie 3 Stunden" in words and words.count("(Zeit in Berlin)") == 1
    assert wording_warnings(words) == []


@pytest.mark.parametrize("words", ["Es tut mir leid. Entschuldigen Sie bitte.", "Das wird nicht wieder vorkommen."])
def test_second_thoughts_in_german(words):
    assert len(wording_warnings(words)) == 1


def test_second_thoughts():
    assert wording_warnings("Sorry, so sorry. This will never again happen; soon.") != []
