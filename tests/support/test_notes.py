"""Notes for the desk, saved replies, a corrected company, a stranger who has an account after all, and search."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Event
from accounts.status import Status
from provisioning.models import Dependency, State, Step
from support.actions.page_state import seal, state_of
from support.actions.views import open_ticket_of
from support.desk.saved_replies import facts_for, fill
from support.desk.search import find, find_tickets
from support.models import Letter, Message, Note, Promise, SavedReply, Ticket
from tests.people import Person
from tests.support.test_today import given_up, page, wrote

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana():
    person = Person.create(name="Dana Sommer", email="dana@acme.example", status=Status.FAILED, asked_at=None)
    given_up(person)
    return person


def press(desk, jordan, act, account=None, ticket=None, **words):
    sealed = seal(state_of(account, ticket or open_ticket_of(account)), jordan)
    return desk.post(f"/admin/acts/{act}/", {"seen": sealed, "reason": "r"} | words, follow=True)


def card(desk, person) -> str:
    return desk.get(f"/admin/accounts/account/{person.pk}/change/").content.decode()


# Notes


def test_a_note_is_for_the_desk_alone(desk, jordan, dana):
    wrote(dana)
    press(desk, jordan, "add_note", dana, note="Prefers the phone & <b>mornings</b>")
    for html in (card(desk, dana), desk.get("/admin/").content.decode()):
        assert "Prefers the phone &amp; &lt;b&gt;mornings&lt;/b&gt;" in html and "Jordan," in html
    hers = Client()
    hers.force_login(dana)
    for where in ("/account/", "/arriving/", "/workspace/"):
        assert "Prefers the phone" not in hers.get(where, follow=True).content.decode()
    assert not Event.objects.filter(detail__contains="Prefers").exists() and not Letter.objects.exists()


def test_a_note_is_kept_whatever_happened_meanwhile(desk, jordan, dana):
    sealed = seal(state_of(dana, None), jordan)
    Account.objects.filter(pk=dana.pk).update(status=Status.ACTIVE)
    desk.post("/admin/acts/add_note/", {"seen": sealed, "note": "on the phone"})
    desk.post("/admin/acts/add_note/", {"seen": sealed, "note": "on the phone"})
    assert Note.objects.get().body == "on the phone"


def test_notes_go_with_the_account(desk, jordan, dana):
    press(desk, jordan, "add_note", dana, note="x")
    dana.delete()
    assert not Note.objects.exists()


# Saved replies


@pytest.mark.parametrize(
    ("body", "facts", "filled"),
    [
        ("Hello {name},\n\nlog in: {login}", {"name": "Dana", "login": "L"}, "Hello Dana,\n\nlog in: L"),
        ("Hello {name},\n\nlog in: {login}", {"login": "L"}, "Hello,\n\nlog in: L"),
        ("It is late. We'll try again at {next_try}. Sorry.", {"login": "L"}, "It is late. Sorry."),
        ("We'll try again at {next_try}. Sorry.", {"next_try": "18:30 UTC"}, "We'll try again at 18:30 UTC. Sorry."),
        (
            "Version 2.0 is {login}.",
            {"login": "https://a.example/login/"},
            "Version 2.0 is https://a.example/login/.",
        ),
        ("", {}, ""),
    ],
)
def test_facts_are_filled_in_or_their_sentence_dropped(body, facts, filled):
    assert fill(body, facts) == filled


def test_a_fact_that_nobody_knows_is_refused_when_it_is_saved(desk):
    with pytest.raises(ValidationError, match=r"\{frist\} is nothing we can fill in"):
        SavedReply(title="x", body="Until {frist}").full_clean()
    refused = desk.post("/admin/support/savedreply/add/", {"title": "x", "body": "Until {frist}"})
    assert "is nothing we can fill in" in refused.content.decode() and not SavedReply.objects.exists()


def test_she_adds_and_edits_them(desk):
    desk.post("/admin/support/savedreply/add/", {"title": "Log in", "body": "Hello {name}"})
    saved = SavedReply.objects.get()
    desk.post(f"/admin/support/savedreply/{saved.pk}/change/", {"title": "Log in", "body": "Hi {name}"})
    assert SavedReply.objects.get().body == "Hi {name}"


def test_the_next_try_is_the_probe_while_the_service_is_down(dana):
    at = timezone.now().replace(hour=23, minute=59) + timedelta(days=1)
    Dependency.objects.update_or_create(name="workspace", defaults={"broken": True, "probe_at": at})
    assert "next_try" not in facts_for(dana), "it was given up"
    Step.objects.filter(account=dana, kind="workspace").update(state=State.OPEN, due_at=Now())
    assert facts_for(dana)["next_try"].endswith("23:59 UTC") and facts_for(dana)["name"] == "Dana"
    assert set(facts_for(None)) == {"login"}


def insert(desk, html, **typed):
    form = re.search(r'action="/admin/acts/reply/".*?</form>', html, re.S)
    assert form and 'formaction="/admin/saved-replies/insert/" formnovalidate' in form[0]
    seen = re.search(r'name="seen" value="([^"]+)"', form[0])
    draft = re.search(r'<input type="hidden" name="draft" value="([^"]*)"', form[0])
    assert seen and draft
    fields = {"seen": seen[1], "draft": draft[1], "back": "today", "saved": str(SavedReply.objects.get().pk)}
    return desk.post("/admin/saved-replies/insert/", fields | typed, follow=True).content.decode()


def in_the_form(html) -> str:
    found = re.search(r'<textarea name="body"[^>]*>(.*?)</textarea>', html, re.S)
    assert found
    return found[1].strip()


def test_one_is_put_in_instead_of_the_draft_and_below_what_was_typed(desk, dana):
    SavedReply.objects.create(title="Log in", body="Hello {name}, here: {login}")
    wrote(dana)
    html = page(desk)
    words = insert(desk, html, body=in_the_form(html), then_close="on")
    assert in_the_form(words) == "Hello Dana, here: http://localhost:8000/login/" and "checked" in words
    more = insert(desk, html, body="I rang you at noon.")
    assert in_the_form(more) == "I rang you at noon.\n\nHello Dana, here: http://localhost:8000/login/"
    assert not Letter.objects.exists()


def test_a_stranger_is_called_by_no_name(desk):
    SavedReply.objects.create(title="Log in", body="Hello {name},\n\nhere: {login}")
    wrote(email="nobody@x.example")
    assert in_the_form(insert(desk, page(desk), body="")).startswith("Hello,\n\nhere: ")


@pytest.mark.parametrize("missing", ["reply", "view_savedreply"])
def test_only_who_may_write_and_see_them_puts_one_in(desk, jordan, dana, missing):
    SavedReply.objects.create(title="Log in", body="Hello {name}")
    wrote(dana)
    html = page(desk)
    group = jordan.groups.get()
    group.permissions.remove(group.permissions.get(codename=missing))
    client = Client()
    client.force_login(jordan)
    assert "You can't open this page" in unescape(insert(client, html, body="x"))
    assert "saved-replies" not in page(client)


def test_a_form_of_somebody_else_tells_nothing(desk, dana):
    SavedReply.objects.create(title="Log in", body="Hello {name}")
    other = Person.create()
    sealed = {"seen": seal(state_of(dana, None), other), "saved": str(SavedReply.objects.get().pk), "body": ""}
    assert desk.post("/admin/saved-replies/insert/", sealed).status_code == 400


# A company's name


def test_a_refused_company_name_is_corrected_and_tried_again(desk, jordan, dana):
    Step.objects.filter(account=dana, kind="workspace").update(permanent=True, error="no such company")
    press(desk, jordan, "correct_company", dana, company="Acme GmbH")
    dana.refresh_from_db()
    assert dana.company == "Acme GmbH" and dana.asked_at
    assert Event.objects.get(account=dana, kind="corrected_company").detail == "Acme → Acme GmbH: r"
    again = press(desk, jordan, "correct_company", dana, company="Acme GmbH").content.decode()
    assert "That is the name we have." in again


def test_of_an_account_that_works_only_the_name_changes(desk, jordan):
    person = Person.create(status=Status.ACTIVE, asked_at=None)
    press(desk, jordan, "correct_company", person, company="Right")
    person.refresh_from_db()
    assert (person.company, person.asked_at) == ("Right", None)


# A stranger's ticket


def test_a_stranger_is_linked_to_an_account(desk, jordan, dana):
    ticket = wrote(email="dana@home.example", body="I cannot get in")
    for whose in (" DANA@acme.example ", dana.reference.lower()):
        Ticket.objects.update(account=None)
        press(desk, jordan, "link_account", None, ticket, whose=whose)
        ticket.refresh_from_db()
        assert ticket.account == dana and ticket.email == "dana@home.example" and ticket.locked_out
    assert Message.objects.get().account == dana and Account.objects.get(pk=dana.pk).asked_at
    assert "I cannot get in" in card(desk, dana)
    assert Event.objects.filter(account=dana, kind="linked", detail="dana@home.example: r").exists()


def test_it_joins_the_ticket_that_is_open_already(desk, jordan, dana):
    theirs, ticket = wrote(dana, body="first"), wrote(email="dana@home.example", body="second")
    now = timezone.now()
    for row, hours in ((theirs, 9), (ticket, 2)):
        due = now + timedelta(hours=hours)
        Promise.objects.create(ticket=row, email=row.email, said_in="x", made_at=now, due=due)
    press(desk, jordan, "link_account", None, ticket, whose=dana.email)
    ticket.refresh_from_db()
    assert ticket.closed_at and ticket.closed_because == f"Joined to #{theirs.pk}."
    assert Promise.objects.get().due == now + timedelta(hours=2) and Promise.objects.get().ticket == theirs
    assert set(Message.objects.values_list("ticket", flat=True)) == {theirs.pk}


@pytest.mark.parametrize("house", [{"is_staff": True}, {"is_superuser": True}, None])
def test_no_such_account_or_one_of_the_house(desk, jordan, house):
    if house is not None:
        Person.create(email="root@arrivals.example", **house)
    ticket = wrote(email="evil@x.example")
    answer = press(desk, jordan, "link_account", None, ticket, whose="root@arrivals.example").content.decode()
    ticket.refresh_from_db()
    assert ticket.account is None and "No account that you may help" in answer and 'value="root@arrivals' in answer


# Search


@pytest.fixture
def tickets(dana):
    hers = wrote(dana, body="The invoice no. 4711-B for our Möbelhaus never came, ring 0171 5556677")
    stranger = wrote(email="nobody@x.example", body="Where do I sign up?")
    Letter.objects.create(
        occasion="x", ticket=stranger, to="n", subject="About signing up", body="Behind the blue door"
    )
    return {"hers": hers, "stranger": stranger}


@pytest.mark.parametrize(
    ("term", "found"),
    [
        *(("4711", "hers"), ("invoice never", "hers"), ("möbel", "hers"), ("5556677", "hers"), ("ring 0171", "hers")),
        *(("dana@ac", "hers"), ("030 901820", "hers"), ("+4930901820", "hers"), ("Sommer", "hers"), ("acme", "hers")),
        *(("nobody@x", "stranger"), ("sign up", "stranger"), ("blue door", "stranger")),
        *(("nonsense", None), ("%", None), ("'", None), ("invoice door", None)),
    ],
)
def test_tickets_are_found_by_words_and_numbers(tickets, term, found):
    expected = [tickets[found]] if found else []
    assert list(find_tickets(Ticket.objects.all(), term, in_letters=True)) == expected


def test_a_ticket_is_found_by_its_number(tickets):
    for term in (str(tickets["hers"].pk), f"#{tickets['hers'].pk}"):
        assert tickets["hers"] in find_tickets(Ticket.objects.all(), term)


def test_answers_are_searched_by_whoever_may_read_them(desk, jordan, tickets):
    assert "nobody@x" in desk.get("/admin/support/ticket/", {"q": "blue door"}).content.decode()
    group = jordan.groups.get()
    group.permissions.remove(group.permissions.get(codename="view_letter"))
    assert "nobody@x" not in desk.get("/admin/support/ticket/", {"q": "blue door"}).content.decode()


def test_people_are_found_by_what_they_wrote(desk, dana, tickets):
    assert dana.email in desk.get("/admin/accounts/account/", {"q": "4711"}).content.decode()
    assert dana not in find(Account.objects.all(), "4711")


def test_messages_are_searched_by_an_index(tickets):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO support_message (ticket_id, email, body, message_id, answers, automatic, whole, bounce)"
            " SELECT %s, 'x@y.example', 'word' || n || ' and so on', '', '', false, '', false"
            " FROM generate_series(1, 5000) n",
            [tickets["hers"].pk],
        )
        cursor.execute("ANALYZE support_message")
    plan = find_tickets(Ticket.objects.all(), "word4711").explain()
    assert "find_by_words_support_message" in plan, plan


def test_a_message_of_any_length_is_taken_and_found(dana):
    ticket = wrote(dana, body="needle " + "".join(f"w{n} " for n in range(200_000)))
    assert list(find_tickets(Ticket.objects.all(), "needle")) == [ticket]
