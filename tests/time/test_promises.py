"""Promises: the arithmetic by hand, then rows that are kept, broken, and said again first by us."""

import pytest

from support.business_hours import Schedule
from support.models import Promise, Ticket
from support.service_level import promises
from support.service_level.availability import answer_those_who_wrote
from support.service_level.estimate import (
    COLD_START,
    due_for,
    handling_minutes,
    minutes_needed,
    must_widen,
    near_until,
    p80,
)
from support.tickets import queue
from tests.time.conftest import LISBON, at, delivered, letter_at, letters, minutes, outage, signed_up
from tests.time.test_hours import OFFICE

SCHEDULE = Schedule(LISBON, OFFICE)
MONDAY = at("2026-11-23 10:00")


def test_the_formula_by_hand():
    assert minutes_needed(0, 15) == 15 / 0.75 + 45
    assert minutes_needed(3, 15) == 4 * 15 / 0.75 + 45
    assert minutes_needed(3, 15, widened=True) == 1.5 * (4 * 15 / 0.75 + 45)


@pytest.mark.parametrize(
    ("now", "ahead", "due"),
    [
        ("2026-11-23 10:00", 0, "2026-11-23 12:00"),  # 65 minutes: 11:05
        ("2026-11-23 11:00", 0, "2026-11-23 17:00"),
        ("2026-11-23 16:30", 0, "2026-11-24 12:00"),
        ("2026-11-27 22:00", 0, "2026-11-30 12:00"),
        ("2026-11-23 10:00", 40, "2026-11-24 17:00"),  # 865 minutes: 15:55
    ],
)
def test_a_time_a_person_would_say(now, ahead, due):
    assert due_for(at(now), ahead, COLD_START, SCHEDULE) == at(due)


def test_below_95_in_100_of_the_last_20_it_widens():
    assert not must_widen([])
    assert not must_widen([True] * 19 + [False])
    assert must_widen([True] * 18 + [False] * 2)
    assert not must_widen([True] * 20 + [False] * 20)


def test_the_pace_is_that_of_four_answers_in_five_once_there_are_a_few():
    assert p80([99.0] * 4) == COLD_START
    assert p80([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) == 8


def test_an_answer_took_at_most_the_time_since_the_one_before():
    ten = at("2026-11-23 10:00")
    answered = [
        (ten - minutes(100), ten),
        (ten - minutes(90), ten + minutes(12)),
        (ten + minutes(50), ten + minutes(60)),
    ]
    assert handling_minutes(answered, SCHEDULE) == [12, 10]


def test_twenty_promises_for_one_noon_come_forward_earlier_than_one():
    noon = at("2026-11-23 12:00")
    assert near_until(MONDAY, [noon], 15, SCHEDULE) == MONDAY
    assert near_until(MONDAY, [noon] * 20, 15, SCHEDULE) == noon


def open_ticket(account=None):
    account = account or signed_up(MONDAY)
    return queue.open_ticket(account, account.email, Ticket.Why.WROTE)


def test_people_of_one_outage_are_one_thing(desk):
    down = outage("workspace", MONDAY)
    for _ in range(5):
        promises.promise_for(open_ticket(), "letter.taken", MONDAY)
    assert promises.things_before(None) == 1
    assert promises.things_before(down) == 0
    promises.promise_for(open_ticket(signed_up(MONDAY, failing=None)), "letter.taken", MONDAY)
    assert promises.things_before(None) == 2


def test_one_open_promise_a_ticket_and_a_closed_ticket_keeps_it(desk):
    ticket = open_ticket()
    first = promises.promise_for(ticket, "letter.taken", MONDAY)
    assert promises.promise_for(ticket, "letter.taken", MONDAY + minutes(5)) == first
    queue.close(ticket, "answered")
    Ticket.objects.update(closed_at=MONDAY + minutes(30))
    promises.look_after(MONDAY + minutes(31))
    kept = Promise.objects.get()
    assert (kept.kept_at, kept.broken_at) == (MONDAY + minutes(30), None)
    assert promises.recent_outcomes() == [True]


def test_a_promise_that_breaks_is_said_by_us_once(desk):
    ticket = open_ticket()
    first = promises.promise_for(ticket, "letter.taken", MONDAY)
    assert first
    for later in (1, 2, 3):
        promises.look_after(first.due + minutes(later))
    broken, instead = Promise.objects.order_by("pk")
    assert broken.broken_at == broken.told_at == first.due + minutes(1)
    assert instead.instead_of == broken and instead.due == at("2026-11-23 17:00")
    delivered(MONDAY - minutes(500))
    promises.look_after(instead.due + minutes(1))
    words = letter_at("letter.late", first.due)
    assert "We said you'd have an answer by noon today (Lisbon time)" in words
    assert "Jordan will answer by 17:00 today (Lisbon time)" in words
    assert Promise.objects.filter(broken_at__isnull=False).count() == 2


def test_answered_late_counts_as_broken(desk):
    ticket = open_ticket()
    promise = promises.promise_for(ticket, "letter.taken", MONDAY)
    assert promise
    Ticket.objects.update(closed_at=promise.due + minutes(10))
    promises.look_after(promise.due + minutes(20))
    assert promises.recent_outcomes() == [False]


def test_no_hours_no_date_and_no_time_named(desk):
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday"):
        setattr(desk, day, "")
    desk.save()
    ticket = open_ticket()
    for _ in range(3):
        answer_those_who_wrote(MONDAY)
        delivered(MONDAY - minutes(500))
    assert not Promise.objects.exists()
    assert letters(ticket.account) == ["letter.taken"]
    assert "Jordan will answer, but we can't say when yet." in letter_at("letter.taken", MONDAY)
