"""“Everything we have about you”: for its owner alone, whole, and nothing of anybody else's."""

import json

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Account, Event, EventKind, SignupClaim, Voice
from provisioning.sweep import sweep
from support.models import Letter, Message, Note, Ticket
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db

EMAIL, STRANGER = "dana@acme.example", "eve@elsewhere.example"


def dana(**facts) -> Account:
    return Person.create(email=EMAIL, **{"mailbox_proven_at": Now()} | facts)


def downloaded(account: Account, password: str = PASSWORD):
    browser = Client()
    browser.force_login(account)
    return browser.post("/account/export/", {"password": password})


def exported(account: Account) -> dict:
    answer = downloaded(account)
    assert answer["Content-Type"] == "application/json" and "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"] == f'attachment; filename="{account.reference}.json"'
    return json.loads(answer.content)


def correspondence(account: Account) -> None:
    ticket = Ticket.objects.create(account=account, email=EMAIL, why=Ticket.Why.WROTE)
    Message.objects.create(account=account, email=EMAIL, ticket=ticket, body="Where is my workspace?")
    Message.objects.create(account=account, email=STRANGER, ticket=ticket, body="I answer in her place")
    Letter.objects.create(to=EMAIL, subject="Your workspace", body="It is on its way", occasion="1", ticket=ticket)
    Letter.objects.create(to=STRANGER, subject="Who are you?", body="We ask", occasion="2", ticket=ticket)
    Note.objects.create(account=account, author=Supporter.create(), body="rather impatient")


@pytest.mark.django_db(transaction=True)
def test_it_is_whole(world):
    account = dana()
    sweep()
    sweep()
    correspondence(account)
    found = exported(account)
    assert found["account"]["email"] == EMAIL and found["account"]["phone"] == account.phone
    assert [step["kind"] for step in found["steps_and_letters"]][:2] == ["welcome_email", "workspace"]
    assert [message["body"] for message in found["messages"]] == ["Where is my workspace?"]
    assert [answer["body"] for answer in found["answers"]] == ["It is on its way"]
    assert found["workspace"] and found["tries"] and found["diary"] and found["tickets"] and found["links"]
    assert [told["kind"] for told in found["told_to_services"]] == ["account.ready"]
    assert Event.objects.filter(account=account, kind=EventKind.EXPORTED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_holds_nothing_of_anybody_else_and_no_secret(world):
    account = dana()
    bo = Person.create(email="bo@acme.example", name="Bo Lund", mailbox_proven_at=Now())
    sweep()
    correspondence(account)
    Event.objects.create(account=account, voice=Voice.WE, kind=EventKind.MAIL_BY_ANOTHER, detail=STRANGER)
    SignupClaim.objects.create(
        token_hash="x", email=EMAIL, name="Eve Stranger", phone="666", account=account, proven=False
    )
    text = downloaded(account).content.decode()
    for secret in (account.password, "token_hash", STRANGER, "Eve", "666", bo.email, bo.name, "impatient"):
        assert secret not in text


def test_before_the_address_is_proven_nothing_that_was_written_is_shown():
    """Whoever signs up with another's address must not read what that one wrote to us."""
    account = dana(mailbox_proven_at=None)
    correspondence(account)
    text = downloaded(account).content.decode()
    assert "Where is my workspace?" not in text and "It is on its way" not in text
    assert "confirm the address first" in text


@pytest.mark.parametrize("password", ["", "wrong"])
def test_it_needs_the_password(password):
    answer = downloaded(dana(), password)
    assert answer["Content-Type"].startswith("text/html") and EMAIL in answer.content.decode()
    assert not Event.objects.filter(kind=EventKind.EXPORTED).exists()


def test_it_needs_a_session():
    assert Client().post("/account/export/", {"password": PASSWORD}).status_code == 302


KNOWN = {  # tables that lead to an account, and why they are not in the export where they are not
    "accounts": {"SignupClaim", "MailboxLink", "Event", "Login"},
    "provisioning": {"Step", "Workspace"},
    "support": {
        *("Ticket", "Message", "Promise", "TrustRepair", "Letter"),
        *("Note", "RecoveryCode", "Affected", "Turn", "Recovery"),  # the desk's own
    },
}


@pytest.mark.parametrize("room", KNOWN)
def test_no_table_about_people_is_forgotten(room):
    """A new table with an account in it is added to the export, or above with its reason."""
    found = {
        model.__name__
        for model in apps.get_app_config(room).get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model is Account
    }
    assert found - KNOWN[room] == set()
    assert configured.ON_EXPORT
