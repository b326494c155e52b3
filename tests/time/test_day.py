"""The letters of a day: which belongs to which moment, that there is one of each, and that none comes at night."""

from datetime import date, datetime
from unittest.mock import patch

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Event, Voice
from provisioning.engine.loop import ENGINE
from provisioning.models import Dependency
from support.digests import digests
from support.digests.workload import Load, days_in_a_row, too_much
from support.models import Affected, DayLetter, Desk, Incident, Letter, Question, Ticket, TrustRepair
from support.models.desk import WEEKDAYS
from support.reviews.questions import bill_of
from support.service_level import availability
from support.service_level.unattended import REASON
from support.tickets import queue
from support.tickets.outbox import OUTBOX, tell_support
from tests.people import Person, Supporter
from tests.time.conftest import at, minutes, outage, signed_up, works

WEDNESDAY = date(2026, 11, 25)
pytestmark = pytest.mark.usefixtures("desk")


@pytest.fixture(autouse=True)
def _to_memory(settings, desk):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.OWNER_EMAIL = "olga@arrivals.example"
    Person.create(status="active", created_at=at("2026-01-05 09:00"))  # the platform has begun


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-25 08:59", None),
        ("2026-11-25 09:00", ("morning", WEDNESDAY)),
        ("2026-11-25 17:29", ("morning", WEDNESDAY)),
        ("2026-11-25 17:30", ("evening", WEDNESDAY)),
        ("2026-11-25 18:30", ("evening", WEDNESDAY)),
        ("2026-11-25 18:31", None),
        ("2026-11-26 03:00", None),
        ("2026-11-28 10:00", None),  # Saturday
    ],
)
def test_which_letter_belongs_to_which_moment(moment, expected, desk):
    assert digests.which(at(moment), desk.schedule()) == expected


def test_a_lunch_break_is_no_evening(desk):
    desk.wednesday = "9-12, 14-18"
    assert digests.which(at("2026-11-25 12:30"), desk.schedule()) is None
    assert digests.which(at("2026-11-25 18:10"), desk.schedule()) == ("evening", WEDNESDAY)


def test_a_shift_over_midnight_belongs_to_the_day_it_began(desk):
    desk.wednesday, desk.thursday = "22-6", "22-6"
    assert digests.which(at("2026-11-26 01:00"), desk.schedule()) == ("morning", WEDNESDAY)
    assert digests.which(at("2026-11-26 06:30"), desk.schedule()) == ("evening", WEDNESDAY)
    assert digests.which(at("2026-11-26 22:00"), desk.schedule()) == ("morning", date(2026, 11, 26))


def a_day(begin: str, end: str) -> None:
    now = at(begin)
    while now <= at(end):
        digests.make(now)
        digests.send(now)
        if Letter.objects.filter(sent_at=None, due_at__lte=Now()).exists():
            ENGINE.run()
        now += minutes(10)


def sent() -> list[tuple[str, str]]:
    return [(message.to[0].partition("@")[0], str(message.subject)) for message in mail.outbox]


def test_two_letters_a_day_and_none_on_a_weekend():
    a_day("2026-11-26 00:00", "2026-11-30 12:00")
    assert sent() == [("jordan", "Today at the desk"), ("jordan", "You can stop now")] * 2 + [
        ("jordan", "Today at the desk")
    ]
    assert "You can stop now." in mail.outbox[1].body
    assert "Nobody needs you right now." in mail.outbox[0].body


def test_stepping_away_is_an_evening_and_the_day_after_has_its_morning():
    a_day("2026-11-25 09:00", "2026-11-25 11:00")
    availability.step_away(at("2026-11-25 11:05"))
    a_day("2026-11-25 11:10", "2026-11-26 09:10")
    assert [subject for _to, subject in sent()] == ["Today at the desk", "You can stop now", "Today at the desk"]


def test_a_dead_mail_service_by_night_brings_no_letter_at_night():
    Dependency.objects.create(name="mail", broken=True)
    a_day("2026-11-25 17:30", "2026-11-25 20:00")
    Dependency.objects.update(broken=False)
    a_day("2026-11-25 20:10", "2026-11-26 08:50")
    assert sent() == []
    a_day("2026-11-26 09:00", "2026-11-26 09:10")
    assert sent() == [("jordan", "Today at the desk")]


def test_a_refused_letter_is_tried_again_and_goes_out_once(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    a_day("2026-11-25 09:00", "2026-11-25 09:00")
    assert Letter.objects.get().attempts == 1 and "could not be reached" in Letter.objects.get().error
    Letter.objects.update(due_at=Now())
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    a_day("2026-11-25 09:10", "2026-11-25 10:00")
    assert sent() == [("jordan", "Today at the desk")]


def test_the_morning_says_what_the_night_did():
    outage("workspace", at("2026-11-25 00:10"), at("2026-11-25 02:00"))
    account = signed_up(at("2026-11-25 00:10"), name="Dana Sommer")
    Event.objects.create(
        account=account, at=at("2026-11-25 01:00"), voice=Voice.WE, kind="workspace.waived", detail=REASON
    )
    works(account, at("2026-11-25 02:00"))
    other = signed_up(at("2026-11-25 00:12"), name="Bo Lind")
    queue.open_ticket(other, other.email, Ticket.Why.WROTE)
    a_day("2026-11-25 09:00", "2026-11-25 09:00")
    body = mail.outbox[0].body
    assert "workspace was down from 00:10 today (Lisbon time) until 02:00 today (Lisbon time)" in body
    assert "let in automatically, to be finished later: Dana Sommer" in body
    assert "1 account recovered on its own" in body
    assert "Bo Lind is waiting for an answer" in body


LOAD = Load(outages_today=1, promise_minutes=400, day_minutes=510, days_beyond=frozenset())


@pytest.mark.parametrize(
    ("load", "reasons"),
    [
        (LOAD, 0),
        (Load(2, 400, 510, frozenset()), 1),
        (Load(1, 511, 510, frozenset()), 1),
        (Load(1, None, 0, frozenset()), 0),
        (Load(1, 400, 510, frozenset({date(2026, 11, 23), date(2026, 11, 24), WEDNESDAY})), 1),
        (Load(1, 400, 510, frozenset({date(2026, 11, 22), date(2026, 11, 24), WEDNESDAY})), 0),
        (Load(3, 900, 510, frozenset({date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24)})), 3),
    ],
)
def test_more_than_one_person_can_do(load, reasons):
    assert len(too_much(load, WEDNESDAY)) == reasons


def test_days_in_a_row_have_no_gap():
    assert days_in_a_row({date(2026, 11, 21), date(2026, 11, 23), date(2026, 11, 24)}, WEDNESDAY) == 2


@pytest.mark.parametrize(("tuesday", "told"), [("2026-11-24 20:00", True), ("2026-11-24 17:40", False)])
def test_the_owner_is_told_by_the_third_late_evening_and_she_is_not(tuesday, told):
    jordan = Supporter.create()
    for evening in ("2026-11-23 21:00", tuesday, "2026-11-25 22:00"):
        Event.objects.create(at=at(evening), voice=Voice.SUPPORT, kind="replied", actor=jordan)
    a_day("2026-11-25 22:10", "2026-11-25 23:00")
    assert sent() == [("olga", "This is more than one person can do")] * told
    assert all("3 days in a row" in message.body for message in mail.outbox)


@pytest.mark.parametrize(
    ("since", "now", "told"),
    [
        ("2026-11-24 18:00", "2026-11-24 18:10", True),  # until 9:00 these are 15 hours
        ("2026-11-25 04:00", "2026-11-25 04:10", False),
        ("2026-11-27 18:00", "2026-11-27 18:10", True),
    ],
)
def test_the_backup_is_told_of_who_would_wait_too_long(since, now, told):
    Ticket.objects.create(email="dana@acme.example", why=Ticket.Why.WROTE, opened_at=at(since))
    digests.make(at(now))
    digests.make(at(now) + minutes(10))
    assert DayLetter.objects.filter(kind="backup").count() == told


def test_nobody_is_named_as_backup():
    Desk.objects.update(backup_email="")
    Ticket.objects.create(email="dana@acme.example", why=Ticket.Why.WROTE, opened_at=at("2026-11-24 18:00"))
    digests.make(at("2026-11-24 18:10"))
    assert not DayLetter.objects.filter(kind="backup").exists()


def test_two_sweeps_at_once_make_one_letter():
    now: datetime = at("2026-11-25 09:00")
    facts = {"desk": "Jordan"}
    digests._keep(DayLetter.Kind.MORNING, WEDNESDAY, "a@b.example", facts, now)
    digests._keep(DayLetter.Kind.MORNING, WEDNESDAY, "a@b.example", facts, now)
    assert DayLetter.objects.count() == 1


def mondays_letter(moment: str) -> list[str]:
    """What the owner was written in the week of this moment, and the words of it."""
    a_day(moment, moment)
    week = [message for message in mail.outbox if "what waits for you" in str(message.subject)]
    return [str(message.body) for message in week]


def question(of, key="needed", asked="2026-11-20 10:00", **answer) -> Question:
    return Question.objects.create(outage=of, key=key, asked_at=at(asked), **answer)


def test_the_owner_hears_once_a_week_what_waits(desk):
    down = outage("mail", at("2026-11-18 10:12"), at("2026-11-18 11:00"))
    question(down)
    question(down, "known")
    Question.objects.create(month=date(2026, 10, 1), key="ill", asked_at=at("2026-11-02 09:00"))
    assert mondays_letter("2026-11-22 21:00") == []  # Sunday
    assert mondays_letter("2026-11-23 07:50") == []
    [words] = mondays_letter("2026-11-23 08:00")
    assert "- mail was down, 18 November, 10:12: 2 questions, for 3 days. http" in words
    assert f"/admin/why/outage/{down.pk}/" in words and "- October 2026: 1 question, for 21 days." in words
    assert "Accepted again" not in words and "Not yet said" not in words and "no working hours" not in words
    assert len(mondays_letter("2026-11-23 08:10")) == len(mondays_letter("2026-11-25 07:00")) == 1


def test_a_week_in_which_nothing_waits_has_no_letter(desk):
    assert mondays_letter("2026-11-23 09:00") == []


def test_a_desk_without_hours_is_a_hint_to_the_owner(desk):
    Desk.objects.update(**dict.fromkeys(WEEKDAYS, ""))
    [words] = mondays_letter("2026-11-23 09:00")
    assert "The desk has no working hours" in words


def test_what_was_accepted_for_the_third_time_and_what_was_not_said_is_in_it(desk):
    for number, day in enumerate(("2026-09-01", "2026-10-01", "2026-11-17")):
        down = outage("mail", at(f"{day} 10:00"), at(f"{day} 11:00"))
        answer = {"choice": "accept", "who": "Olga Brandt", "by": date(2026, 12, 1)}
        question(down, asked=f"{day} 11:00", answered_at=at(f"{day} 12:0{number}"), **answer)
    person = Person.create(status="active")
    for opened in ("2026-11-20 10:00", "2026-11-23 07:00"):
        times = {"ready_at": at(opened), "opened_at": at(opened)}
        TrustRepair.objects.create(account=person, incident=opened, level="personal", state="owed", harms={}, **times)
    [words] = mondays_letter("2026-11-23 08:00")
    assert "“Why does sign-up need mail at that point?" in words
    assert "Olga Brandt accepted it, for the third time." in words
    assert "1 person has been owed a personal note for up to 3 days." in words


def test_a_repeated_accept_shows_its_bill(desk):
    first = outage("mail", at("2026-09-01 10:00"), at("2026-09-01 11:00"))
    answer = {"choice": "accept", "who": "Olga Brandt", "by": date(2026, 12, 1)}
    question(first, asked="2026-09-01 11:00", answered_at=at("2026-09-02 12:00"), **answer)
    again = outage("mail", at("2026-11-17 10:00"), at("2026-11-17 12:00"))
    other = outage("workspace", at("2026-11-17 10:00"), at("2026-11-17 12:00"))
    works(signed_up(at("2026-11-17 10:30"), failing="mail"), at("2026-11-17 12:00"))
    bill = bill_of(question(again, asked="2026-11-17 12:00"), at("2026-11-18 09:00"))
    assert bill is not None
    assert (bill.days, bill.outages, bill.toll.people, bill.toll.person_hours) == ((date(2026, 9, 2),), 1, 1, 1.5)
    assert bill_of(question(other), at("2026-11-18 09:00")) is None
    page = desk_of_owner().get(f"/admin/why/outage/{again.pk}/").content.decode()
    assert "Accepted before, on 2 September 2026." in " ".join(page.split())


def desk_of_owner() -> Client:
    client = Client()
    client.force_login(Supporter.create(is_superuser=True))
    return client


@pytest.mark.parametrize(
    ("moment", "wake", "told"),
    [
        ("2026-11-25 10:00", False, True),
        ("2026-11-25 23:00", False, False),
        ("2026-11-25 23:00", True, True),
        ("2026-11-28 12:00", False, False),
    ],
)
def test_nobody_is_woken_by_an_incident(moment, wake, told, desk):
    Desk.objects.update(wake_at_night=wake)
    incident = Incident.objects.create(dependency="workspace", failure="5xx", error="503", began_at=at(moment))
    Affected.objects.create(incident=incident, account=Person.create())
    with patch("django.utils.timezone.now", return_value=at(moment)):
        tell_support(incident)
        tell_support(incident)
    assert Letter.objects.filter(occasion=f"incident {incident.pk}").count() == told
    if not told:
        with patch("django.utils.timezone.now", return_value=at("2026-11-30 09:00")):
            tell_support(incident)
        assert Letter.objects.filter(occasion=f"incident {incident.pk}").count() == 1


def test_a_desk_without_hours_is_told_of_an_incident_at_once(desk):
    Desk.objects.update(**dict.fromkeys(WEEKDAYS, ""))
    began = at("2026-11-25 23:00")
    incident = Incident.objects.create(dependency="workspace", failure="5xx", error="503", began_at=began)
    Affected.objects.create(incident=incident, account=Person.create())
    tell_support(incident)
    assert Letter.objects.count() == 1


def test_the_email_about_an_incident_says_what_is_true_when_it_goes_out(desk):
    began = at("2026-11-25 10:00")
    incident = Incident.objects.create(dependency="mail", failure="timeout", error="no answer", began_at=began)
    Affected.objects.create(incident=incident, account=Person.create())
    Desk.objects.update(wake_at_night=True)
    tell_support(incident)
    assert "mail is failing: 1 people" in Letter.objects.get().subject
    Affected.objects.create(incident=incident, account=Person.create())
    Incident.objects.update(ended_at=at("2026-11-25 12:00"))
    assert OUTBOX.perform(Letter.objects.get()).failure is None
    [sent] = mail.outbox
    assert sent.subject == "mail is working again: 2 people had to wait" == Letter.objects.get().subject
    assert "It has been working again since" in sent.body and "retried" not in sent.body
