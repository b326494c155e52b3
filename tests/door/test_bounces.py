"""What the mail service tells us afterwards, through its webhook."""

import base64

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Account, Event
from accounts.status import Status
from provisioning.models import State, Step
from provisioning.sweep import sweep
from tests.door.visit import WHO

pytestmark = pytest.mark.django_db(transaction=True)
HOOK = "/mail/postmark/tracking/"
DANA = WHO | {"email": "dana@acme.example"}
REASON = "550 no such user here"


@pytest.fixture
def dana(world, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "postmark:a secret"}
    browser = Client()
    browser.post("/signup/", DANA)
    sweep()
    return browser


def tell(type_="HardBounce", email=DANA["email"], record="Bounce", secret="postmark:a secret"):
    said = {"RecordType": record, "Type": type_, "Email": email, "Description": REASON, "MessageID": "1", "ID": 1}
    key = base64.b64encode(secret.encode()).decode()
    return Client().post(HOOK, said, content_type="application/json", headers={"Authorization": f"Basic {key}"})


def welcome() -> Step:
    return Step.objects.get(kind="welcome_email", occasion="")


def test_a_letter_that_came_back_is_shown_as_that(dana):
    assert tell().status_code == 200
    step = welcome()
    assert (step.state, step.permanent) == (State.DEAD, True) and REASON in step.error
    assert "came back at" in dana.get("/arriving/").content.decode()
    account = Account.objects.get()
    dana.force_login(account)
    assert "Our email to dana@acme.example came back" in dana.get("/home/").content.decode()
    assert Event.objects.get(kind="welcome_email.bounced").detail.endswith(REASON)


def test_who_is_not_active_yet_is_asked_for_the_address(dana):
    Account.objects.update(status=Status.EMAIL_SENT)
    Step.objects.filter(kind="workspace").update(state=State.OPEN, done_at=None)
    tell()
    Step.objects.filter(kind="workspace").update(state=State.DONE, done_at=Now())
    assert Account.objects.get().status == Status.FAILED
    page = dana.get("/arriving/").content.decode()
    assert "Please correct it here" in page and "failed on our side" not in page


@pytest.mark.parametrize(("type_", "record"), [("SoftBounce", "Bounce"), ("Transient", "Bounce"), ("", "Delivery")])
def test_what_is_not_for_good_changes_nothing(dana, type_, record):
    tell(type_, record=record)
    assert welcome().state == State.DONE


def test_a_complaint_is_a_line_in_the_diary(dana):
    tell("SpamComplaint", record="SpamComplaint")
    assert welcome().state == State.DONE and Event.objects.filter(kind="complained").exists()


def test_a_proven_mailbox_is_not_doubted(dana):
    Account.objects.update(mailbox_proven_at=Now())
    tell()
    assert welcome().state == State.DONE


def test_unknown_addresses_and_strangers(dana):
    assert tell(email="nobody@free.example").status_code == 200
    assert tell(secret="postmark:guessed").status_code == 400
    assert welcome().state == State.DONE


@pytest.mark.parametrize("secret", ["", "arrivals:", ":", "arrivals:guessed"])
def test_where_no_secret_is_named_nobody_is_heard(world, secret):
    signed_up = Client().post("/signup/", DANA)
    sweep()
    assert tell(secret=secret).status_code == 400
    assert signed_up.status_code == 302 and welcome().state == State.DONE
