"""The conversation with somebody: one thread, oldest first, on the first screen and on the card; nothing is cut."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.status import Status
from provisioning.models import State, Step
from support.desk import conversation
from support.models import Letter, Message, Ticket
from tests.people import Person
from tests.support.test_today import given_up, page, wrote

pytestmark = pytest.mark.django_db
LONG = "I signed up and " + "nothing came of it and " * 200 + "so please ring me at NOON."


@pytest.fixture
def dana():
    person = Person.create(name="Dana Sommer", email="dana@acme.example", status=Status.FAILED, asked_at=None)
    given_up(person)
    return person


def at(row, minutes: int):
    field = "written_at" if isinstance(row, Letter) else "at"
    type(row).objects.filter(pk=row.pk).update(**{field: Now() - timedelta(minutes=minutes)})


def said(ticket, body, minutes):
    message = Message.objects.create(
        ticket=ticket, account=ticket.account, email=ticket.email, body=body, read_at=Now()
    )
    at(message, minutes)


def answered(ticket, body, minutes, **more):
    letter = Letter(occasion=str(uuid4()), ticket=ticket, to=ticket.email, subject="Re", body=body, **more)
    letter.save()
    at(letter, minutes)


def both_pages(desk, ticket):
    yield page(desk, f"?ticket={ticket.pk}")
    if ticket.account_id:
        yield desk.get(f"/admin/accounts/account/{ticket.account_id}/change/").content.decode()


def in_order(html, *words) -> bool:
    places = [html.find(word) for word in words]
    return -1 not in places and places == sorted(places)


def test_theirs_and_ours_stand_in_one_thread(desk, jordan, dana):
    ticket = wrote(dana, body="hello?")
    said(ticket, "I need this at 15:00", 60)
    answered(ticket, "I am looking into it", 30, author=jordan, automatic=False)
    answered(ticket, "We have your message", 59)
    for html in both_pages(desk, ticket):
        assert in_order(html, "I need this at 15:00", "We have your message", "I am looking into it", "hello?")
        assert "Arrivals (automatic)" in html and "<strong>Jordan</strong>" in html


def test_tickets_before_this_one_are_part_of_it(desk, dana):
    before = wrote(dana, body="An older matter")
    Ticket.objects.filter(pk=before.pk).update(closed_at=Now())
    said(before, "An older matter, too", 900)
    for html in both_pages(desk, wrote(dana, body="And now this")):
        assert in_order(html, "An older matter, too", "And now this")


def test_a_stranger_has_a_thread_too(desk):
    ticket = wrote(email="nobody@acme.example", body="And now this")
    said(ticket, "I asked yesterday", 1440)
    answered(ticket, "There is no account", 1430)
    assert in_order(page(desk), "I asked yesterday", "There is no account", "And now this")


def test_what_was_written_to_the_owner_is_no_part_of_it(desk, jordan, dana):
    ticket = wrote(dana)
    answered(ticket, "Dana is your case now", 1, author=jordan)
    assert all("your case now" not in html for html in both_pages(desk, ticket))


def test_a_word_that_was_sent_is_part_of_it(desk, dana):
    ticket = wrote(dana, body="Thank you")
    Step.objects.create(
        account=dana,
        kind="letter.word",
        occasion="repair 1",
        dependency="mail",
        state=State.DONE,
        done_at=Now() - timedelta(hours=1),
        facts={"words": "We lost your morning, and I am sorry."},
    )
    for html in both_pages(desk, ticket):
        assert in_order(html, "We lost your morning, and I am sorry.", "Thank you")


def test_a_long_one_is_folded_and_whole(desk, dana):
    entry = conversation.Entry(dana.created_at, "Dana", LONG)
    assert len(entry.first) <= conversation.LONG and f"{entry.first} {entry.rest}" == LONG
    html = page(desk, f"?ticket={wrote(dana, body=LONG).pk}")
    assert "Show the rest (" in html and "ring me at NOON." in html


def test_a_text_without_a_blank_is_folded_and_whole():
    entry = conversation.Entry(timezone.now(), "Dana", "x" * 5000)
    assert entry.first + entry.rest == "x" * 5000 and 0 < len(entry.first) < 5000


def test_many_are_folded_and_all_can_be_seen(desk, dana):
    ticket = wrote(dana, body="the newest")
    for n in range(60):
        said(ticket, f"message number {n}.", 100 - n)
    html = page(desk, f"?ticket={ticket.pk}")
    assert "40 earlier messages" in html and "message number 10." not in html and "message number 11." in html
    whole = page(desk, f"?ticket={ticket.pk}&thread=all")
    assert "thread=all" in html and "message number 0." in whole and "Show the whole" not in whole


def test_hidden_words_are_behind_a_click(desk, dana):
    ticket = wrote(dana, body="You fools")
    Ticket.objects.filter(pk=ticket.pk).update(abusive=True)
    for html in both_pages(desk, ticket):
        assert in_order(html, "Their message is hidden. Show it", "You fools")


def test_the_number_of_messages_asks_no_more_queries(desk, dana):
    ticket = wrote(dana)
    page(desk)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            page(desk)
        counts.append(len(queries))
        for n in range(8):
            said(ticket, f"message {n}", n)
            answered(ticket, f"answer {n}", n)
    assert counts[0] == counts[1]


def test_who_may_not_see_letters_sees_none(desk, jordan, dana):
    ticket = wrote(dana)
    answered(ticket, "I am looking into it", 30, automatic=False)
    group = jordan.groups.get()
    group.permissions.remove(group.permissions.get(codename="view_letter"))
    assert all("I am looking into it" not in html for html in both_pages(desk, ticket))
