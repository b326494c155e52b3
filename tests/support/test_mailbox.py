"""Mail goes out under her name and comes back to the ticket; machines are never answered."""

import base64
import json

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Event
from accounts.status import Status
from provisioning.sweep import sweep
from support.actions import actions
from support.models import Letter, Message, Ticket
from support.tickets.outbox import message_id
from tests.people import Person
from tests.support.post_office import SECRET

pytestmark = pytest.mark.django_db(transaction=True)
QUOTED = "Thanks, it works now.\n\nOn 25 Nov 2026, at 10:00, Jordan wrote:\n> Hello Dana,\n> does it work?\n"


@pytest.fixture(autouse=True)
def inbound(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}


def deliver(sender, text, subject="Hello", secret=SECRET, **headers):
    """As the mail service posts it (Postmark's form)."""
    named = {"Message-ID": f"<{sender}-{hash(text)}@example.com>"}
    named = (
        {name.replace("_", "-"): value for name, value in headers.items()}
        | {"Message-ID": named["Message-ID"]}
        | {name.replace("_", "-"): value for name, value in headers.items()}
    )
    body = {
        "FromFull": {"Email": sender, "Name": ""},
        "ToFull": [{"Email": "support@localhost"}],
        "Subject": subject,
        "TextBody": text,
        "Headers": [{"Name": name, "Value": value} for name, value in named.items()],
    }
    key = "Basic " + base64.b64encode(secret.encode()).decode()
    return Client().post(
        "/mail/postmark/inbound/", json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=key
    )


def active(**fields):
    return Person.create(status=Status.ACTIVE, asked_at=None, **fields)


def test_a_stranger_at_the_webhook_is_refused():
    assert deliver("dana@acme.example", "Hello", secret="arrivals:guessed").status_code == 400
    assert not Message.objects.exists()


def test_a_reply_goes_out_under_her_name_and_comes_back_to_the_ticket(world, jordan):
    dana = active(email="dana@acme.example")
    assert deliver(dana.email, "Where is my account?").status_code == 200
    sweep()
    ticket = Ticket.objects.get()
    actions.reply(ticket, jordan, "Hello Dana, does it work?", "", dana.pk, then_close=False)
    sweep()
    letter = world[0].to(dana.email)[-1]
    assert letter["From"] == "Jordan <support@localhost>" and letter["Auto-Submitted"] is None
    assert letter["In-Reply-To"] == Message.objects.get().message_id
    assert letter["Message-ID"] == message_id(Letter.objects.get())
    assert Ticket.objects.get().asleep_since
    deliver(dana.email, QUOTED, In_Reply_To=letter["Message-ID"])
    sweep()
    ticket = Ticket.objects.get()
    assert ticket.asleep_since is None
    back = Message.objects.order_by("-pk")[0]
    assert back.ticket == ticket and back.body == "Thanks, it works now." and "> does it work?" in back.whole


def test_from_another_address_it_still_finds_its_ticket_and_who_asked_is_answered(world, jordan):
    dana = active(email="dana@acme.example")
    ticket = Ticket.objects.create(account=dana, email=dana.email, why="wrote")
    actions.reply(ticket, jordan, "Hello", "", dana.pk, then_close=False)
    deliver("dana@home.example", "From my phone", In_Reply_To=message_id(Letter.objects.get()))
    sweep()
    assert Message.objects.get().ticket == ticket
    assert Ticket.objects.get().email == dana.email
    assert not Event.objects.filter(account=dana, kind="wrote").exists()
    actions.reply(ticket, jordan, "On your phone, too", "", jordan.pk, then_close=False)
    sweep()
    [answer] = world[0].to("dana@home.example")
    assert answer["In-Reply-To"] == Message.objects.get().message_id
    assert len(world[0].to(dana.email)) == 1, [(m["Subject"]) for m in world[0].to(dana.email)]


def test_an_answer_to_the_welcome_letter_finds_the_account(world):
    dana = Person.create(email="dana@acme.example")
    sweep()
    welcome = world[0].to(dana.email)[0]
    deliver("dana@home.example", "Thank you, one question", References=welcome["Message-ID"])
    sweep()
    assert Ticket.objects.get().account == dana


def test_an_answer_to_a_closed_ticket_opens_a_new_one(world, jordan):
    dana = active()
    ticket = Ticket.objects.create(account=dana, email=dana.email, why="wrote")
    actions.reply(ticket, jordan, "Hello", "", dana.pk, then_close=True)
    deliver(dana.email, "And another thing", In_Reply_To=message_id(Letter.objects.get()))
    sweep()
    assert Ticket.objects.get(closed_at=None).account == dana


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated"},
        {"Auto_Submitted": "Auto-Notified; owner-email=x"},
        {"Return_Path": "<>"},
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_machines_are_never_answered(world, headers, known):
    dana = active(email="dana@acme.example")
    deliver(dana.email if known else "nobody@acme.example", "I am on holiday", **headers)
    sweep()
    assert not Ticket.objects.exists() and not Letter.objects.exists() and not world[0].received
    assert Message.objects.get().settled_at
    assert Event.objects.filter(kind="mail.automatic").count() == known


def test_a_mail_that_is_delivered_twice_is_one(world):
    dana = active()
    for _ in range(2):
        deliver(dana.email, "Hello?")
    sweep()
    assert Message.objects.count() == 1


def test_a_stranger_hears_by_mail_that_there_is_no_account_once_a_day(world):
    for text in ("Where is my account?", "Hello?"):
        deliver("dana@acme.example", text)
        sweep()
    letters = world[0].to("dana@acme.example")
    assert len(letters) == 1 and "We don't have an account with dana@acme.example" in letters[0].get_content()
    assert letters[0]["Auto-Submitted"] == "auto-generated"
    assert Ticket.objects.get().account is None and Message.objects.count() == 2


def test_what_stands_behind_a_plus_is_not_said_again(world):
    deliver("dana+www.evil.example@acme.example", "Hello?")
    sweep()
    [letter] = world[0].to("dana+www.evil.example@acme.example")
    assert "evil" not in letter.get_content()


def test_a_reply_survives_a_mail_service_that_is_down(world, jordan, settings):
    dana = active()
    ticket = Ticket.objects.create(account=dana, email=dana.email, why="wrote")
    world[0].mode = "4xx"
    actions.reply(ticket, jordan, "Hello", "", dana.pk, then_close=False)
    sweep()
    letter = Letter.objects.get()
    assert letter.sent_at is None and "451" in letter.error
    world[0].mode = "ok"
    Letter.objects.update(due_at=Now())
    sweep()
    assert len(world[0].to(dana.email)) == 1 and Letter.objects.get().sent_at


def test_an_angry_letter_full_of_html_is_text(world, desk):
    dana = active()
    deliver(dana.email, "<script>alert(1)</script> I am angry")
    sweep()
    html = desk.get("/admin/").content.decode()
    assert "<script>alert(1)" not in html and "&lt;script&gt;alert(1)" in html
