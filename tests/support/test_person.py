"""The card of a person, and finding one among very many."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Event, SignupClaim, Voice
from provisioning.models import Attempt, Outcome
from support.desk.search import find
from support.diagnosis.similar_accounts import near_misses, typed_near
from tests.people import Person
from tests.support.test_today import given_up, wrote

pytestmark = pytest.mark.django_db


def card(desk, person, query=""):
    answer = desk.get(f"/admin/accounts/account/{person.pk}/change/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.fixture
def dana():
    dana = Person.create(name="Dana Sommer", email="dana@acme.example", status="failed", asked_at=None)
    step = given_up(dana)
    Attempt.objects.create(step=step, epoch=1, outcome=Outcome.FAILED, error="it said 503", seconds=3.04)
    SignupClaim.objects.create(token_hash="x", email=dana.email, name=dana.name, account=dana, proven=True)
    Event.objects.create(account=dana, voice=Voice.THEY, kind="tried_to_log_in", shown="login.no_match")
    Event.objects.create(account=dana, voice=Voice.WE, kind="workspace.failed", detail="it said 503")
    return dana


def test_everything_in_plain_words(desk, dana):
    wrote(dana, body="Where is it?")
    html = " ".join(card(desk, dana).split())
    for words in (
        "All automatic tries failed",
        "Where is it?",
        "not confirmed",
        "workspace: given up, 3 tries counted",
        "failed, it said 503",
        "(3.0 s)",
        "tried to log in",
        "That email and password don't match.",
        "workspace: failed: it said 503",
        "looked at this person",
    ):
        assert words in html, words


def test_what_they_were_shown_is_the_page_to_read_before_writing(desk, dana):
    diary = card(desk, dana, "?diary=shown").split('id="diary"')[1]
    assert "don't match" in diary and "workspace: failed" not in diary
    assert "workspace: failed" in card(desk, dana, "?diary=we").split('id="diary"')[1]
    card(desk, dana, "?diary=nonsense")


def test_who_reads_another_language_than_the_desk(desk, dana):
    assert "Reads our emails in" not in card(desk, dana)
    type(dana).objects.filter(pk=dana.pk).update(language="de")
    assert "<dt>Reads our emails in</dt><dd>German</dd>" in card(desk, dana)


def test_who_is_near(desk, dana):
    Person.create(name="Mate of Acme", email="mate@elsewhere.example", company="ACME")
    Person.create(name="Nearly Dana", email="dana@acne.example", company="Acne")
    Event.objects.create(address="dina@acme.example", voice=Voice.THEY, kind="tried_to_log_in")
    Event.objects.create(address="dana@acm.example", voice=Voice.THEY, kind="tried_to_log_in")
    html = card(desk, dana)
    assert "Mate of Acme" in html and "Nearly Dana" in html
    assert "dana@acm.example" in html and "dina@acme.example" not in html, "three letters are looked for"


def test_a_person_that_is_not_there(desk, dana):
    dana.delete()
    assert desk.get("/admin/accounts/account/00000000-0000-0000-0000-000000000000/change/").status_code == 404
    assert desk.get("/admin/accounts/account/nonsense/change/").status_code == 404


@pytest.mark.parametrize("term", ["dana@ac", "DANA@acme.example", "dana s", "acm", "Dan"])
def test_found_by_the_beginning(dana, term):
    Person.create(name="Bo Lund", email="bo@lund.example", company="Lund")
    assert list(find(Account.objects.all(), term)) == [dana]
    assert list(find(Account.objects.all(), dana.reference.lower())) == [dana]


def crowd(number):
    Account.objects.bulk_create(
        Account(
            name=f"Person {n}",
            email=f"p{n}@c{n % 97}.example",
            company=f"Company {n % 97}",
        )
        for n in range(number)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_account")


def test_the_lists_are_never_counted_and_searched_by_index(desk):
    crowd(5000)
    with CaptureQueriesContext(connection) as queries:
        html = desk.get("/admin/accounts/account/?q=p49@").content.decode()
        desk.get("/admin/accounts/account/?p=3")
        desk.get("/admin/support/ticket/")
    assert "p49@" in html
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"] and "account" in query["sql"]]
    for term in ("p4999@", "person 4999", "company 9", "p499"):
        plan = find(Account.objects.all(), term).explain()
        assert "find_by_" in plan and "Seq Scan" not in plan, plan
    assert typed_near(Account(email="p1@c1.example")) == []
    near = near_misses("p1@c2.example")
    assert [account.email for account in near][:1] == ["p1@c1.example"] and len(near) < 10


def test_going_through_the_list_page_by_page(desk):
    crowd(120)
    first = desk.get("/admin/accounts/account/").content.decode()
    last = desk.get("/admin/accounts/account/?p=3").content.decode()
    assert "Next page" in first and "Previous page" not in first
    assert "Previous page" in last and "Next page" not in last
