"""The queue: whoever is locked out comes first, and each line says the status, the wait and the suggested act."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Event, Voice
from accounts.status import Status
from support.desk.dashboard import ahead
from support.diagnosis.facts import facts_of, facts_of_all, open_incidents, services_now
from support.diagnosis.findings import diagnose
from support.models import Ticket
from support.tickets import queue
from tests.people import Person
from tests.support.test_today import MOST_QUERIES, a_full_desk, given_up, page, wrote

pytestmark = pytest.mark.django_db


def order() -> list[str]:
    rows, _n, _soon = ahead(timezone.now(), 50)
    return [Ticket.objects.get(pk=row.pk).email for row in rows]


def locked_out(who, **more):
    person = Person.create(email=f"{who}@acme.example", status=Status.FAILED, asked_at=None, **more)
    given_up(person)
    return person


def asked_first(email, **facts):
    ticket = wrote(email=email)
    Ticket.objects.filter(pk=ticket.pk).update(opened_at=Now() - timedelta(hours=9), **facts)


def test_locked_out_comes_before_a_stranger_and_before_whoever_can_work():
    asked_first("stranger@x.example")
    asked_first("promised@x.example", promised_for=Now() - timedelta(hours=1))
    working = Person.create(email="works@acme.example", status=Status.ACTIVE, asked_at=None)
    Ticket.objects.filter(pk=wrote(working).pk).update(opened_at=Now() - timedelta(hours=8))
    locked_out("silent")
    queue.take_over_given_up()
    wrote(locked_out("wrote"))
    other = Person.create(email="other@acme.example", status=Status.ACTIVE, asked_at=None)
    Event.objects.create(account=other, voice=Voice.THEY, kind="signed_up_with_other_password")
    wrote(other)
    assert order() == [
        *("wrote@acme.example", "other@acme.example", "silent@acme.example"),
        *("promised@x.example", "stranger@x.example", "works@acme.example"),
    ]


def test_among_600_strangers_too():
    for n in range(600):
        Ticket.objects.create(email=f"s{n}@x.example", why="wrote", promised_for=Now() - timedelta(hours=1))
    wrote(locked_out("wrote"))
    locked_out("silent")
    queue.take_over_given_up()
    assert order()[:2] == ["wrote@acme.example", "silent@acme.example"]


def test_whoever_works_again_goes_to_their_place():
    dana = locked_out("dana")
    wrote(dana)
    Account.objects.filter(pk=dana.pk).update(status=Status.ACTIVE)
    queue.refresh_these(Ticket.objects.all())
    assert not Ticket.objects.get().locked_out
    Account.objects.filter(pk=dana.pk).update(status=Status.FAILED)
    queue.refresh_these(Ticket.objects.all())
    assert Ticket.objects.get().locked_out
    Account.objects.filter(pk=dana.pk).update(is_active=False)
    queue.refresh_these(Ticket.objects.all())
    assert not Ticket.objects.get().locked_out


def test_a_password_that_counts_opens_the_door_again():
    dana = Person.create(status=Status.ACTIVE, asked_at=None)
    for kind, shut in (("signed_up_with_other_password", True), ("tried_to_log_in", True), ("logged_in", False)):
        Event.objects.create(account=dana, voice=Voice.THEY, kind=kind)
        assert queue.locked_out().filter(pk=dana.pk).exists() is shut, kind


def lines(html) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.split('<ol class="rows">')[1].split("</ol>")[0]).split())


def test_a_line_says_status_wait_and_act(desk):
    wrote(locked_out("first", name="First Fred"))
    silent = locked_out("silent", name="Silent Sam")
    Account.objects.filter(pk=silent.pk).update(created_at=Now() - timedelta(hours=3))
    queue.take_over_given_up()
    works = Person.create(name="Wanda Works", email="w@acme.example", status=Status.ACTIVE, asked_at=None)
    Ticket.objects.filter(pk=wrote(works).pk).update(opened_at=Now() - timedelta(days=2))
    asked_first("stranger@x.example")
    html = lines(page(desk))
    sam, wanda, stranger = html.index("Silent Sam"), html.index("Wanda Works"), html.index("stranger@x.example")
    assert sam < wanda and sam < stranger
    of_sam = html[sam : min(wanda, stranger)]
    assert "· given up ·" in of_sam and "waiting for 3\xa0hours" in of_sam.replace("3 hours", "3\xa0hours")
    assert "suggested: Recover" in of_sam
    assert re.search(r"Wanda Works · wrote to us · active · waiting for 2.days, since .* suggested: answer", html)
    assert re.search(r"stranger@x.example · wrote to us · no account · waiting for 9.hours.* suggested: answer", html)


def test_the_status_is_that_of_now(desk):
    wrote(locked_out("first"))
    person = locked_out("second", name="Second Sue")
    wrote(person)
    Account.objects.filter(pk=person.pk).update(status=Status.ACTIVE)
    assert re.search(r"Second Sue [^#]* active · waiting", lines(page(desk)))


def test_the_queries_do_not_grow_with_the_lines(desk):
    counts = []
    for _ in range(3):
        for _person in range(6):
            wrote(locked_out(f"p{Ticket.objects.count()}"))
        page(desk)
        with CaptureQueriesContext(connection) as queries:
            page(desk)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= MOST_QUERIES


def test_facts_of_many_are_those_of_each(desk):
    a_full_desk()
    Person.create(email="boss@acme.example", mailbox_proven_at=Now())
    bounced = Person.create(email="x@acne.example")
    Event.objects.create(account=bounced, voice=Voice.WE, kind="mail.bounced")
    alone = Person.create(email="alone@x.example", company="")
    people = list(Account.objects.filter(is_staff=False))
    services, incidents = services_now(), list(open_incidents())
    together = facts_of_all(people, services=services, incidents=incidents)
    for person in people:
        one = facts_of(person, services=services, incidents=incidents)
        many = together[person.pk]
        assert (many.steps, many.events, many.has_workspace) == (one.steps, one.events, one.has_workspace)
        assert diagnose(many) == diagnose(one)
    assert together[alone.pk].known_domains == frozenset()
    assert together[bounced.pk].known_domains == facts_of(bounced).known_domains == {"acme.example"}
