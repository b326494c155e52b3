"""Whose clock: the zone that somebody chose, their browser's, the desk's; named where no script puts it right."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.middleware.preferences import zone_of
from accounts.models import Account, Event, EventKind
from provisioning.emails.compose import compose
from provisioning.emails.recipients import read_facts
from provisioning.models import Step
from support.desk.reply_context import case_of, messages_of
from support.diagnosis.facts import facts_of
from support.diagnosis.findings import diagnose
from support.models import Desk, Message, Ticket
from support.tickets.queue import open_ticket
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db

PLACES = {"America/New_York": "New York", "Europe/Lisbon": "Lisbon", "Asia/Tokyo": "Tokyo"}
WHO = {"name": "Dana Sommer", "email": "dana@acme.example", "phone": "1", "company": "Acme", "password": PASSWORD}


@pytest.fixture(autouse=True)
def desk():
    return Desk.objects.create(pk=1, name="Jordan", time_zone="Europe/Berlin")


def browser_in(zone: str) -> Client:
    """Its script has named the zone in a cookie; without script there is none."""
    client = Client()
    if zone:
        client.cookies["zone"] = zone
    return client


def signed_up(zone: str) -> tuple[Client, Account]:
    client = browser_in(zone)
    client.post("/signup/", WHO)
    return client, Account.objects.get(email=WHO["email"])


def page(client: Client, path: str) -> str:
    return unescape(client.get(path).content.decode())


def tomorrow_at_three(zone: str) -> datetime:
    day = datetime.now(ZoneInfo(zone)).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, 15, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(("zone", "place"), PLACES.items())
def test_a_deadline_of_three_oclock_is_theirs(zone, place):
    client, account = signed_up(zone)
    assert account.browser_zone == zone
    assert f"I need it by ({place} time)" in page(client, "/arriving/needed/")
    due = tomorrow_at_three(zone)
    client.post("/arriving/needed/", {"needed_by": f"{due:%Y-%m-%dT%H:%M}"})
    account.refresh_from_db()
    assert account.needed_by == due
    assert re.search(rf"3:00 PM|15:00 {due:%Z}", page(client, "/arriving/"))


def test_without_script_it_is_the_desks_zone_by_name():
    client, account = signed_up("")
    assert account.browser_zone == ""
    assert "I need it by (Berlin time)" in page(client, "/arriving/needed/")
    due = tomorrow_at_three("Europe/Berlin")
    client.post("/arriving/needed/", {"needed_by": f"{due:%Y-%m-%dT%H:%M}"})
    account.refresh_from_db()
    assert account.needed_by == due
    assert f"15:00 {due:%Z}" in page(client, "/arriving/")


@pytest.mark.parametrize("nonsense", ["Mars/Olympus", "../../etc/passwd", "x" * 5000, "Europe/Berlin\n", "\x00"])
def test_a_zone_that_is_none_is_nobodys(nonsense):
    _client, account = signed_up(nonsense)
    assert account.browser_zone == ""


@pytest.mark.parametrize(("zone", "place"), PLACES.items())
def test_emails_name_times_in_it(zone, place):
    account = Person.create(browser_zone=zone, status="active", status_at=timezone.now())
    step = Step.objects.create(account=account, kind="letter.ready", occasion="1", dependency="mail")
    step.facts = read_facts(step, timezone.now())
    words = str(compose("ready", step).body)
    came = account.created_at.astimezone(ZoneInfo(zone))
    said = "noon" if f"{came:%H:%M}" == "12:00" else f"{came:%H:%M}"
    assert f"You signed up at {said} today ({place} time)" in words


def test_the_zone_they_chose_comes_first_and_the_desks_last():
    chosen = Person.create(zone="Asia/Tokyo", browser_zone="America/New_York")
    theirs, nobodys = Person.create(browser_zone="America/New_York"), Person.create(zone="Gone/Away")
    assert [zone_of(who).key for who in (chosen, theirs, nobodys)] == [
        "Asia/Tokyo",
        "America/New_York",
        "Europe/Berlin",
    ]


def test_whoever_travels_hears_in_the_zone_they_are_in():
    account = Person.create(status="active", browser_zone="Europe/Lisbon")
    client = browser_in("Asia/Tokyo")
    client.force_login(account)
    client.get("/account/")
    account.refresh_from_db()
    assert account.browser_zone == "Asia/Tokyo"
    client.cookies["zone"] = ""
    client.get("/account/")
    account.refresh_from_db()
    assert account.browser_zone == "Asia/Tokyo", "what is known is kept"


def test_what_the_diary_holds_is_utc():
    account = Person.create(status="email_sent", browser_zone="Asia/Tokyo")
    client = browser_in("Asia/Tokyo")
    client.force_login(account)
    due = tomorrow_at_three("Asia/Tokyo")
    client.post("/arriving/needed/", {"needed_by": f"{due:%Y-%m-%dT%H:%M}", "needed_because": "a show"})
    line = Event.objects.get(account=account, kind=EventKind.STATED_DEADLINE)
    assert line.detail == f"{due.astimezone(UTC):%d %b %H:%M} UTC: a show"


def test_a_deadline_in_a_message_is_read_in_it(desk):
    account = Person.create(browser_zone="Asia/Tokyo", status="email_sent")
    ticket = open_ticket(account, account.email, Ticket.Why.WROTE)
    Message.objects.create(ticket=ticket, account=account, email=account.email, body="I need this tomorrow at 15:00.")
    known = facts_of(account)
    case = case_of(known, diagnose(known), ticket, messages_of(ticket), desk, "Jordan")
    assert case.reading.deadline == tomorrow_at_three("Asia/Tokyo")
