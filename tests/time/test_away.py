"""Being away: one click, and what people are told meanwhile."""

import pytest
from django.core.exceptions import ValidationError

from provisioning.models import Step
from support.letter_facts import taken
from support.models import Away, Message, Ticket
from support.service_level import availability
from support.tickets import queue
from tests.time.conftest import at, letter_at, letters, minutes, signed_up

NIGHT = at("2026-11-24 22:10")
MORNING = at("2026-11-25 10:00")


def test_at_work_until_closing_and_what_people_are_told(desk):
    line = availability.status_line(desk, MORNING)
    assert line.at_work and line.until == at("2026-11-25 17:30")
    assert availability.say_status(line, desk, MORNING) == (
        "At work until 17:30 today (Lisbon time). Who writes now is told: "
        "“Jordan will answer by noon today (Lisbon time).”"
    )


def test_step_away_is_one_click_until_the_next_working_day_and_back_is_another(desk):
    availability.step_away(MORNING)
    availability.step_away(MORNING)
    assert Away.objects.count() == 1
    line = availability.status_line(desk, MORNING)
    assert not line.at_work and line.until == at("2026-11-26 09:00")
    assert line.answered_by == at("2026-11-26 12:00")
    noon = at("2026-11-25 12:30")
    assert availability.come_back(noon) == MORNING
    assert availability.status_line(desk, noon).at_work


def test_a_public_holiday_is_no_working_day(desk):
    desk.holidays_country = "PT"
    assert availability.status_line(desk, at("2026-12-08 10:00")).until == at("2026-12-09 09:00")


def test_the_reply_in_the_night_says_what_goes_on_and_when_somebody_is_back(desk):
    account = signed_up(NIGHT)
    ticket = queue.open_ticket(account, account.email, Ticket.Why.WROTE)
    Message.objects.create(ticket=ticket, account=account, email=account.email, body="?", at=NIGHT)
    for _ in range(3):
        availability.answer_those_who_wrote(NIGHT)
    assert letters(account) == ["letter.taken"]
    assert taken(Step.objects.get(kind="letter.taken"), NIGHT)["auto_submitted"] == "auto-replied"
    words = letter_at("letter.taken", NIGHT)
    assert "Your message reached us at 22:10 today (Lisbon time)." in words
    assert "Jordan will answer by noon tomorrow (Lisbon time)." in words
    assert "Nobody is here before 09:00 tomorrow (Lisbon time)." in words


def test_a_letter_that_goes_out_a_day_later_does_not_say_tomorrow(desk):
    """With the mail down it may: what is fixed is the moment, not its name."""
    account = signed_up(NIGHT)
    queue.open_ticket(account, account.email, Ticket.Why.WROTE)
    availability.answer_those_who_wrote(NIGHT)
    assert "by noon tomorrow (Lisbon time)" in letter_at("letter.taken", NIGHT)
    assert "by noon today (Lisbon time)" in letter_at("letter.taken", NIGHT + minutes(6 * 60))


def test_an_absence_that_ends_before_it_starts_is_refused_in_words(desk):
    with pytest.raises(ValidationError, match="It can't end before it starts"):
        Away(start=at("2026-11-25 12:00"), until=at("2026-11-25 11:00")).full_clean()
