"""The first screen: an outage once, one person in full, the rest a line each, whatever the number."""

from datetime import timedelta
from html import unescape
from random import Random
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.status import Status
from provisioning.models import Dependency, State, Step
from support.desk.dashboard import ahead
from support.models import Affected, Incident, Message, Ticket
from support.tickets import priority, queue
from tests.people import Person

pytestmark = pytest.mark.django_db
MOST_QUERIES = 20


def given_up(person, error="the workspace service said 503"):
    Step.objects.create(account=person, kind="welcome_email", dependency="mail", state=State.DONE, done_at=Now())
    return Step.objects.create(
        account=person,
        kind="workspace",
        dependency="workspace",
        state=State.DEAD,
        error=error,
        failed_at=Now(),
        attempts=3,
    )


def wrote(person=None, email="", body="Where is my account?"):
    ticket = queue.open_ticket(person, person.email if person else email, Ticket.Why.WROTE)
    Message.objects.create(
        ticket=ticket, account=person, email=ticket.email, body=body, read_at=Now(), settled_at=Now()
    )
    return ticket


def page(desk, query=""):
    answer = desk.get("/admin/" + query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_nobody_needs_you(desk):
    assert "Nobody needs you right now." in page(desk)


def test_one_person_is_opened_in_full_and_the_rest_are_lines(desk):
    dana, bo = (
        Person.create(name="Dana Sommer", status=Status.FAILED),
        Person.create(name="Bo Lund", status=Status.FAILED),
    )
    given_up(dana)
    given_up(bo)
    queue.take_over_given_up()
    wrote(dana)
    html = page(desk)
    assert "2 things need you." in html
    assert html.index("Dana Sommer") < html.index("Bo Lund")
    assert "Where is my account?" in html and "Recover" in html and "Hello Dana," in html
    assert "given up automatically, and they haven't written" in html
    assert 'class="card next"' in page(desk, f"?ticket={Ticket.objects.get(account=bo).pk}")


def test_a_stranger_is_shown_with_the_near_misses(desk):
    Person.create(name="Dana Sommer", email="dana@acne.example")
    wrote(email="dana@acme.example")
    html = page(desk)
    assert "Nobody with this address has an account." in html and "dana@acne.example" in html


def test_people_of_an_open_incident_stand_nowhere_else_unless_they_wrote(desk):
    silent, writer = (
        Person.create(name="Silent Sam", status=Status.FAILED),
        Person.create(name="Wanda", status=Status.FAILED),
    )
    incident = Incident.objects.create(dependency="workspace", failure="5xx", error="503", began_at=Now())
    for person in (silent, writer):
        given_up(person)
        Affected.objects.create(incident=incident, account=person)
    queue.take_over_given_up()
    wrote(writer)
    html = page(desk)
    assert "2 things need you." in html  # the incident, and the one who wrote
    assert html.count("Silent Sam") == 1  # named on the card
    assert 'class="rows"' not in html


def a_full_desk():
    """Three incidents, one of them being recovered, and sixty tickets."""
    for name in ("mail", "workspace", "crm"):
        health = {"broken": name == "mail", "probe_at": timezone.now()}
        Dependency.objects.update_or_create(name=name, defaults=health)
        incident = Incident.objects.create(dependency=name, failure="5xx", error="503", began_at=Now())
        for person in Person.create_batch(4, status=Status.FAILED):
            given_up(person)
            Affected.objects.create(incident=incident, account=person)
    for person in Person.create_batch(60, status=Status.FAILED):
        given_up(person)
        wrote(person)


def test_at_most_twenty_queries_however_full(desk, jordan):
    a_full_desk()
    page(desk)  # the first click of a session is noted
    with CaptureQueriesContext(
        connection,
    ) as queries:
        html = page(desk)
    assert "Then" in html
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)


def test_pages(desk):
    tickets = [wrote(person) for person in Person.create_batch(60)]
    first, second, third = (page(desk, f"?page={n}") for n in (1, 2, 3))
    assert "Next page" in first and "Previous page" not in first
    assert "Previous page" in third and "Next page" not in third
    for ticket in tickets[1:]:
        assert sum(f"?ticket={ticket.pk}" in html for html in (first, second, third)) == 1


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page=999999999", "?ticket=x", "?ticket=%00", "?page=-1"])
def test_nonsense_in_the_address_is_harmless(desk, query):
    wrote(Person.create())
    page(desk, query)


def test_put_aside_and_handed_over_are_out_of_the_way(desk):
    aside, owners = wrote(Person.create(name="Aside Ann")), wrote(Person.create(name="Owned Olga"))
    Ticket.objects.filter(pk=aside.pk).update(asleep_since=Now(), asleep_until=Now() + timedelta(hours=1))
    Ticket.objects.filter(pk=owners.pk).update(handed_over_at=Now())
    assert "Nobody needs you right now." in page(desk)
    Ticket.objects.filter(pk=aside.pk).update(asleep_until=Now() - timedelta(seconds=1))
    queue.wake()
    assert "Aside Ann" in page(desk)


def test_a_sweep_that_stopped_is_shown(desk):
    assert "No sweep has run for a while" in page(desk)


def test_the_order_is_that_of_the_lanes(desk):
    now, rng = timezone.now(), Random(7)
    for person in Person.create_batch(70):
        ticket = wrote(person)
        hours = [timedelta(hours=rng.uniform(-9, 9)) for _ in range(4)]
        Ticket.objects.filter(pk=ticket.pk).update(
            why=rng.choice(["wrote", "gave_up"]),
            opened_at=now - abs(hours[0]),
            promised_for=rng.choice([None, now + hours[1]]),
            needed_by=rng.choice([None, None, now + hours[2]]),
            here_at=rng.choice([None, None, now + hours[3] / 20]),
            came_back=rng.choice([0, 0, 0, 2]),
            untrue=rng.random() < 0.05,
        )
    everybody = [priority.Waiting(*row) for row in Ticket.objects.values_list(*priority.Waiting._fields)]
    rows, waiting, soon = ahead(now, 70)
    expected = [row.pk for row in sorted(everybody, key=lambda row: priority.place(row, now, soon))]
    assert ([row.pk for row in rows], waiting) == (expected, 70)
    assert [row.pk for row in ahead(now, 10)[0]] == expected[:10]
    assert {priority.priority_of(row, now) for row in everybody} == {2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("facts", "expected", "why"),
    [
        ({"needed_by": timedelta(hours=3)}, 2, "needs it by"),
        ({"needed_by": timedelta(hours=-3)}, 2, "needed it by"),
        ({"needed_by": timedelta(hours=5)}, 5, "wrote to us"),
        ({"promised_for": timedelta(minutes=44)}, 3, "we promised an answer by"),
        ({"promised_for": timedelta(minutes=-1)}, 3, "it's late"),
        ({"promised_for": timedelta(minutes=46)}, 5, "wrote to us"),
        ({"needed_by": timedelta(hours=3), "promised_for": timedelta(minutes=1)}, 2, "needs it by"),
        ({"here_at": timedelta(minutes=-9)}, 4, "is here now"),
        ({"here_at": timedelta(minutes=-11)}, 5, "wrote to us"),
        ({"came_back": 2}, 4, "came back 2 times"),
        ({"untrue": True}, 4, "was shown something untrue"),
        ({"why": "gave_up"}, 6, "given up automatically, and they haven't written"),
        ({"locked_out": False}, 7, "wrote to us"),
        ({"account_id": None, "locked_out": False}, 7, "wrote to us"),
        ({"account_id": None, "locked_out": False, "promised_for": timedelta(minutes=-1)}, 7, "it's late"),
    ],
)
def test_priorities(facts, expected, why):
    now = timezone.now()
    facts = {name: now + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    theirs = {"account_id": uuid4(), "locked_out": True}
    ticket = priority.Waiting(**{"pk": 1, "why": "wrote", "opened_at": now} | theirs | facts)
    assert priority.priority_of(ticket, now) == expected
    assert why in priority.why_here(ticket, now)
