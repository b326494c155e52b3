"""A time that lies in the future was written by a wrong clock: nothing waits for it."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.db.models.functions import Now
from django.test import RequestFactory

from accounts import throttle
from accounts.database.clock import database_now
from accounts.models import Tries
from accounts.status import Status
from provisioning import doctor, sweep
from provisioning.dispatch import sweep_is_stale
from provisioning.engine.loop import ENGINE
from provisioning.intake.outbox import owe_letter
from provisioning.models import Heartbeat, Step
from support.desk.status_line import standing
from support.digests import digests
from support.incidents import detection
from support.models import DayLetter, Incident, Letter, Message, Ticket, TrustRepair
from support.tickets import intake, outbox, queue
from support.trust import follow_up
from tests.people import Person

pytestmark = pytest.mark.django_db
AHEAD = pytest.mark.parametrize(
    "ahead", [timedelta(minutes=10), timedelta(days=1), timedelta(days=9000)], ids=["minutes", "a day", "decades"]
)


def set_heart(ahead: timedelta, name: str = "sweep") -> None:
    Heartbeat.objects.create(name=name, at=Now() + ahead)


@AHEAD
def test_a_heartbeat_is_stale(ahead):
    set_heart(ahead)
    assert sweep_is_stale() and standing()["sweep_is_stale"]
    with pytest.raises(doctor.Unwell):
        doctor.worker()


@AHEAD
def test_a_chore_is_done_once(ahead):
    set_heart(ahead, "reconcile")
    every = timedelta(minutes=1)
    assert [sweep.first_this("reconcile", every) for _ in range(3)] == [True, False, False]


def test_what_was_done_a_moment_ago_is_not_done_again():
    """Nor if the clocks of two statements differ by what one waited for the other."""
    set_heart(timedelta(seconds=2), "reconcile")
    assert not sweep.first_this("reconcile", timedelta(minutes=1))
    assert not sweep.first_this("tick", timedelta(seconds=1)) or not sweep.first_this("tick", timedelta(seconds=1))


@pytest.fixture
def request_():
    return RequestFactory().post("/login/", REMOTE_ADDR="198.51.100.9")


@AHEAD
def test_a_window_holds_nobody_back(request_, ahead):
    throttle.spend(request_, "login", "dana@acme.example")
    Tries.objects.update(count=50_000, ends_at=Now() + timedelta(hours=1) + ahead)
    throttle.spend(request_, "login", "dana@acme.example")
    assert set(Tries.objects.values_list("count", flat=True)) == {1}
    longest = max(Tries.objects.values_list("ends_at", flat=True))
    assert longest <= database_now() + timedelta(hours=1)


def test_a_window_still_holds_back(request_):
    for _ in range(10):
        throttle.spend(request_, "login", "dana@acme.example")
    with pytest.raises(throttle.TooMany):
        throttle.spend(request_, "login", "dana@acme.example")


def test_a_network_is_known_for_a_season_at_most(request_):
    throttle.refund(request_, "login", "dana@acme.example")
    network = throttle.network_of(request_)
    assert throttle.is_known("dana@acme.example", network)
    Tries.objects.update(ends_at=Now() + timedelta(days=9000))
    assert not throttle.is_known("dana@acme.example", network)
    throttle.forget_old()
    assert not Tries.objects.exists()


@AHEAD
def test_a_letter_of_the_desk_goes_out(ahead):
    outbox.write("dana@acme.example", "Your message", "Hello", "reply 1")
    Letter.objects.update(due_at=Now() + timedelta(seconds=max(settings.SETUP_RETRY_SECONDS)) + ahead)
    ENGINE.run()
    assert len(mail.outbox) == 1


def test_a_letter_waits_for_its_next_try():
    outbox.write("dana@acme.example", "Your message", "Hello", "reply 1")
    Letter.objects.update(due_at=Now() + timedelta(seconds=max(settings.SETUP_RETRY_SECONDS)))
    ENGINE.run()
    assert not mail.outbox


@AHEAD
def test_a_letter_of_the_day_goes_out(ahead):
    facts = {"desk": "Jordan", "reasons": ["two outages"]}
    now = database_now()
    kept = {"kind": "owner", "day": now.date(), "to": "owner@arrivals.example", "facts": facts}
    DayLetter.objects.create(**kept, made_at=now + ahead, due_at=now + ahead)
    digests.send(now)
    ENGINE.run()
    assert len(mail.outbox) == 1


@AHEAD
def test_the_next_news_of_an_incident(ahead):
    facts = {"dependency": "mail", "failure": "5xx", "error": "500", "began_at": Now()}
    incident = Incident.objects.create(**facts, next_news_at=Now() + detection.NEWS_EVERY + ahead)
    dana = Person.create()
    failed = {"error": "500", "failed_at": Now()}
    Step.objects.create(account=dana, kind="welcome_email", dependency="mail", **failed)
    detection.end(incident)
    incident.refresh_from_db()
    assert incident.next_news_at and incident.next_news_at <= database_now() + detection.NEWS_EVERY


@AHEAD
def test_a_failure_keeps_no_incident_open(ahead):
    facts = {"dependency": "mail", "failure": "5xx", "error": "500", "began_at": Now()}
    incident = Incident.objects.create(**facts, next_news_at=Now())
    failed = {"error": "500", "failed_at": Now() + ahead}
    Step.objects.create(account=Person.create(), kind="welcome_email", dependency="mail", **failed)
    detection.end(incident)
    assert incident.ended_at


def a_ticket(**facts) -> Ticket:
    return Ticket.objects.create(email="dana@acme.example", why=Ticket.Why.WROTE, **facts)


@AHEAD
def test_a_ticket_is_brought_up_to_date(ahead):
    ticket = a_ticket(facts_at=Now() + ahead)
    queue.refresh()
    ticket.refresh_from_db()
    assert ticket.facts_at <= database_now()


@AHEAD
def test_a_ticket_wakes(ahead):
    ticket = a_ticket(asleep_since=Now(), asleep_until=Now() + queue.ASLEEP_AT_MOST + ahead, wakes_on="time")
    queue.wake()
    ticket.refresh_from_db()
    assert ticket.asleep_since is None


def test_a_ticket_sleeps_as_long_as_it_may():
    ticket = a_ticket(asleep_since=Now(), asleep_until=Now() + queue.ASLEEP_AT_MOST, wakes_on="time")
    queue.wake()
    ticket.refresh_from_db()
    assert ticket.asleep_since is not None


@AHEAD
def test_a_message_reaches_a_person(ahead):
    dana = Person.create()
    wrote = {"account": dana, "email": dana.email, "body": "Hello?"}
    message = Message.objects.create(**wrote, read_at=Now() + ahead)
    intake.end_repairs()
    message.refresh_from_db()
    assert message.settled_at and Ticket.objects.filter(account=dana).exists()


@AHEAD
def test_a_letter_that_went_out_in_the_future_holds_up_no_other(ahead):
    dana = Person.create(status=Status.ACTIVE, asked_at=None)
    sent = {"state": "done", "done_at": Now() + ahead, "key": uuid.uuid4()}
    Step.objects.create(account=dana, kind="letter.reset", occasion="one", dependency="mail", **sent)
    owe_letter(dana.pk, "letter.reset", "two")
    assert Step.objects.filter(account=dana, state="open").count() == 1


def test_a_follow_up_is_not_put_off_for_ever():
    now = database_now()
    word = follow_up.After(
        TrustRepair.Level.PERSONAL, now - timedelta(days=4), now + timedelta(days=1), came_back=True
    )
    assert follow_up.next_thing(word, now) == "", "it may rightly lie a day ahead"
    word = follow_up.After(
        TrustRepair.Level.PERSONAL, now - timedelta(days=4), now + timedelta(days=900), came_back=True
    )
    assert follow_up.next_thing(word, now) == "follow_up"
