"""Mail that came in: kept raw in the request, read by the sweep in bounded time, and never lost whatever is in it."""

import base64
import json
import time
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Event
from accounts.status import Status
from provisioning.models import Fault, State, Step
from provisioning.sweep import sweep
from support.actions import actions
from support.inbound import messages as inbound_messages
from support.inbound import reader as mail_reader
from support.inbound.child import Plain
from support.models import Attachment, InboundMail, Letter, Message, Ticket
from support.sweep import fetch
from support.tickets.outbox import OUTBOX, message_id
from tests.people import Person, Supporter
from tests.support.post_office import SECRET, by_postmark_raw, by_sendgrid_raw, by_sparkpost, plainly, post
from tests.support.test_mail_facts import DANA, headed, multi, part, report

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024**2
BY = [plainly, by_postmark_raw, by_sendgrid_raw, by_sparkpost]


@pytest.fixture(autouse=True)
def inbound(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}


def active(**fields):
    return Person.create(status=Status.ACTIVE, asked_at=None, **fields)


def from_(email: str, text: str = "Hello", *headers: str) -> str:
    return headed(f"From: {email}", f"Message-ID: <{hash((email, text))}@example.com>", *headers, body=text)


@pytest.mark.parametrize("service", ["mailgun", "mailersend", "brevo", "postal", "resend", "amazon_ses", "nonesuch"])
@pytest.mark.parametrize("kind", ["inbound", "tracking"])
def test_services_that_are_not_set_up_have_no_door(service, kind):
    answer = post(f"{service}/{kind}/", "{}", "application/json")
    assert answer.status_code in ((404,) if kind == "inbound" or service == "nonesuch" else (200, 400, 404))


@pytest.mark.parametrize(
    "where", ["mandrill/", "mandrill/tracking/", "mailgun/inbound_mime/", "", "postmark/", "a" * 500]
)
def test_other_paths_are_not_found(where):
    assert post(where, "{}", "application/json").status_code == 404


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"x"', "{}", '{"RecordType": 1}', "\x00", "\ud800".encode("utf-8", "replace").decode()],
)
@pytest.mark.parametrize(
    "where",
    ["postmark/tracking/", "sendgrid/tracking/", "mailjet/inbound/", "sparkpost/inbound/", "sendgrid/inbound/"],
)
def test_odd_posts_of_our_mail_service_are_taken(where, body):
    assert post(where, body, "application/json").status_code == 200


def test_a_mail_sent_to_the_wrong_one_of_two_doors_is_taken_in(world):
    body = {"FromFull": {"Email": "dana@acme.example"}, "TextBody": "Hello", "Headers": []}
    assert post("postmark/tracking/", json.dumps(body), "application/json").status_code == 200
    fetch()
    assert Message.objects.get().body == "Hello"


@pytest.mark.parametrize("by", BY)
def test_every_form_in_which_a_mail_is_posted(by, world):
    mail = multi("mixed", part("text/plain; charset=utf-8", "Grüße"), part("image/png; name=a.png", "AAAA"))
    assert by(f"From: dana@acme.example\r\nSubject: Hi\r\nMessage-ID: <a@b>\r\n{mail}".encode()).status_code == 200
    fetch()
    message = Message.objects.get()
    assert (message.email, message.subject, message.body) == ("dana@acme.example", "Hi", "Grüße")
    assert Attachment.objects.get(message=message).name == "a.png"


@pytest.mark.parametrize("by", [plainly, by_sendgrid_raw, by_sparkpost])
def test_bytes_that_are_no_utf_8_come_through(by, world):
    mail = f"{DANA}\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße"
    assert by(mail.encode("latin-1")).status_code == 200
    fetch()
    assert Message.objects.get().body == "Grüße"


HEAVY = [
    *("blanks", "blanks between words", "line breaks", "On On On", "From:", "=?utf-8?q?"),
    *("<", ">", "> >", "(", "--", "<!--", "&#"),
]


def heavy(what: str) -> str:
    if what == "blanks between words":
        return f"Hello{' ' * 100_000}Dana"
    one = {"blanks": " ", "line breaks": "\r\n", "On On On": "On "}.get(what, what)
    return one * (100_000 // len(one))


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
@pytest.mark.parametrize("what", HEAVY)
def test_a_heavy_mail_is_taken_at_once_and_read_in_time(what, kind):
    mail = headed(DANA, f"Content-Type: {kind}", body=heavy(what))
    assert min(seconds_to_take(mail) for _again in range(3)) < 0.5
    inbound_messages.read_mail()
    message = Message.objects.get()
    assert message.body and not message.body.startswith(inbound_messages.UNREADABLE)
    assert InboundMail.objects.get().read_at


def seconds_to_take(mail: str) -> float:
    """Seconds of processor that one delivery of a mail costs the web."""
    began = time.process_time()
    assert plainly(mail).status_code == 200
    return time.process_time() - began


NAMES = ["From", "Reply-To", "Subject", "References", "Message-ID", "Content-Type", "Auto-Submitted"]


@pytest.mark.parametrize("name", NAMES)
def test_heavy_headers_are_read_in_time(name):
    with mail_reader.Reader() as reader:
        for what in HEAVY:
            mail = headed(DANA, f"{name}: {heavy(what).replace(chr(13) + chr(10), ' ')}")
            assert reader.read(Plain, "message/rfc822", mail.encode()), what


def test_a_mail_that_takes_too_long_is_given_up_and_still_a_ticket(world, monkeypatch):
    monkeypatch.setattr(mail_reader, "SECONDS", 0.01)
    monkeypatch.setattr(mail_reader, "SECONDS_A_MEGABYTE", 0)
    plainly(headed("From: dana@acme.example", body="The words" + "x\r\n" * (10 * MIB // 3)))
    sweep()
    message = Message.objects.get()
    assert message.ticket and message.email == "dana@acme.example" and "The words" in message.body
    assert not Letter.objects.exists() and not Fault.objects.exists()


def test_one_that_is_given_up_takes_no_other_along(monkeypatch):
    monkeypatch.setattr(mail_reader, "SECONDS", 0.3)
    monkeypatch.setattr(mail_reader, "SECONDS_A_MEGABYTE", -0.029)  # ten of them have 0.01 s
    plainly(headed("From: big@acme.example", body="x\r\n" * (10 * MIB // 3)))
    plainly(from_("dana@acme.example", "The words"))
    for _sweep in range(3):
        inbound_messages.read_mail()
    assert sorted(message.body[:9] for message in Message.objects.all()) == ["(A mail w", "The words"]


def test_20_megabytes_are_kept_and_can_be_fetched(world, desk):
    dana, content = active(), b"\x89PNG" + b"\x00\xff" * (10 * MIB)
    encoded = base64.encodebytes(content).decode()
    picture = part("image/svg+xml; name=../../a.svg", encoded, "Content-Transfer-Encoding: base64")
    mail = f"From: {dana.email}\r\n" + multi("mixed", part("text/plain", "See?"), picture)
    assert plainly(mail).status_code == 200
    sweep()
    file = Attachment.objects.get()
    assert (file.name, file.size, Message.objects.get().body) == ("a.svg", len(content), "See?")
    page = desk.get("/admin/").content.decode()
    assert f"/admin/mail/{file.message_id}/{file.pk}/" in page and "20.0" in page
    answer = desk.get(f"/admin/mail/{file.message_id}/{file.pk}/")
    assert answer.content == content
    assert answer["Content-Type"] == "application/octet-stream" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="a.svg"'
    assert desk.get(f"/admin/mail/{file.message_id}/").content == mail.encode()


def test_files_are_for_those_who_may_see_tickets(world):
    plainly("From: dana@acme.example\r\n" + multi("mixed", part("text/plain", "See?"), part("image/png", "AAAA")))
    sweep()
    file = Attachment.objects.get()
    paths = [f"/admin/mail/{file.message_id}/", f"/admin/mail/{file.message_id}/{file.pk}/"]
    staff, client = Supporter.create(is_superuser=False), Client()
    assert {client.get(path).status_code for path in paths} == {302}
    client.force_login(staff)
    assert {client.get(path).status_code for path in paths} == {403}
    staff.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    assert {client.get(path).status_code for path in paths} == {200}
    assert client.get(f"/admin/mail/{file.message_id + 1}/{file.pk}/").status_code == 404


def test_what_was_quoted_can_be_seen(world, desk):
    plainly(from_(active().email, "Above.\r\n\r\nOn 25 Nov Jordan wrote:\r\n> The quote\r\n\r\nBelow."))
    sweep()
    page = desk.get("/admin/").content.decode()
    assert "Above." in page and "Below." in page and "The whole email" in page and "The quote" in page


def test_only_a_subject_is_what_they_wrote(world):
    plainly(headed(DANA, "Subject: Please delete my account", body=""))
    fetch()
    assert Message.objects.get().body == "Please delete my account"


# Who is answered


def test_through_a_form_the_one_who_filled_it_in_is_answered(world):
    plainly(from_("noreply@forms.example", "Hello", "Reply-To: Kim <kim@home.example>"))
    sweep()
    assert Ticket.objects.get().email == "kim@home.example" and len(world[0].to("kim@home.example")) == 1
    assert not world[0].to("noreply@forms.example")


def test_in_doubt_a_person_reads_it_and_no_machine_answers(world):
    dana = active()
    for email in (dana.email, "kim@home.example"):
        plainly(from_(email, "Hello", "List-Id: <all.acme.example>"))
    sweep()
    Ticket.objects.update(facts_at=Now())
    sweep()
    assert Ticket.objects.count() == 2 and not world[0].received


def test_who_is_not_set_up_yet_is_not_left_with_the_machine_in_doubt(world):
    world[1].mode = "503"
    dana = Person.create()
    plainly(from_(dana.email, "Hello", "Precedence: bulk"))
    sweep()
    assert Ticket.objects.filter(account=dana, why="wrote").exists()


def test_a_suspended_person_is_not_told_that_there_is_no_account(world):
    dana = active(is_active=False)
    plainly(from_(dana.email))
    sweep()
    assert Ticket.objects.get().account == dana
    [letter] = Letter.objects.all()
    assert letter.to == dana.email and "no account" not in letter.body


def test_two_people_with_one_message_id_and_one_person_twice(world):
    for email in ("dana@acme.example", "kim@acme.example"):
        for path in ("one", "two"):
            plainly(headed(f"From: {email}", "Message-ID: <the same>", f"Received: by {path}"))
    plainly(headed("From: kim@acme.example", "Message-ID: <the same>", body="Something else"))
    sweep()
    assert Message.objects.filter(body="Hello").count() == 2 and Message.objects.count() == 3


def letter_to(dana, jordan) -> Letter:
    ticket = Ticket.objects.create(account=dana, email=dana.email, why="wrote")
    actions.reply(ticket, jordan, "Hello", "", uuid4(), then_close=False)
    sweep()
    return Letter.objects.get(author=jordan)


def test_everybody_who_asked_is_answered_and_the_ticket_stays_hers(world, jordan):
    dana = active(email="dana@acme.example")
    names = message_id(letter_to(dana, jordan))
    plainly(from_("kim@acme.example", "I ask for her", f"In-Reply-To: {names}"))
    plainly(from_(dana.email, "And I ask, too", f"In-Reply-To: {names}"))
    sweep()
    ticket = Ticket.objects.get()
    assert ticket.account == dana and ticket.email == dana.email and ticket.asleep_since is None
    world[0].received.clear()
    actions.reply(ticket, jordan, "To both of you", "", dana.pk, then_close=True)
    sweep()
    answers = {
        mail["To"]: mail["In-Reply-To"] for mail in (*world[0].to("kim@acme.example"), *world[0].to(dana.email))
    }
    assert answers == {message.email: message.message_id for message in Message.objects.all()}


def test_a_machine_in_her_thread_is_not_answered(world, jordan):
    dana = active(email="dana@acme.example")
    names = message_id(letter_to(dana, jordan))
    plainly(from_("robot@acme.example", "On holiday", f"In-Reply-To: {names}", "Auto-Submitted: auto-replied"))
    sweep()
    actions.reply(Ticket.objects.get(), jordan, "Hello?", "", dana.pk, then_close=True)
    sweep()
    assert not world[0].to("robot@acme.example") and len(world[0].to(dana.email)) == 2


def test_who_was_forwarded_her_letter_is_answered_himself(world, jordan):
    dana = Person.create(email="dana@acme.example")
    sweep()
    welcome = world[0].to(dana.email)[0]["Message-ID"]
    Step.objects.filter(kind="workspace").update(state=State.OPEN, done_at=None, due_at=Now())
    type(dana).objects.update(status=Status.EMAIL_SENT)
    plainly(from_("kim@home.example", "She asked me to ask", f"In-Reply-To: {welcome}"))
    sweep()
    ticket = Ticket.objects.get()
    assert ticket.account == dana and ticket.why == "wrote"
    actions.reply(ticket, jordan, "Hello Kim", "", dana.pk, then_close=True)
    sweep()
    assert len(world[0].to("kim@home.example")) == 1


# What came back


def returned(key, action="failed") -> str:
    return report(action).replace("5f0c7c6e-1a2b-4c3d-8e9f-001122334455", str(key))


@pytest.mark.parametrize(
    ("action", "state"), [("failed", State.DEAD), ("delayed", State.DONE), ("relayed", State.DONE)]
)
def test_a_report_of_a_letter_of_ours_counts_by_its_fields(action, state, world):
    Person.create(email="dana@acme.example")
    sweep()
    plainly(returned(Step.objects.get(kind="welcome_email").key, action))
    sweep()
    assert Step.objects.get(kind="welcome_email").state == state
    assert not Ticket.objects.filter(why="wrote").exists() and len(world[0].received) == 1


FORGERIES = [
    "From: dana@acme.example\r\nContent-Type: text/plain; x=delivery-status\r\n\r\nMessage-ID: <{key}@localhost>",
    "From: mailer-daemon@x.example\r\nReferences: <{key}@localhost>\r\n\r\n550 no such user",
    "From: mailer-daemon@x.example\r\nReturn-Path: <>\r\nReferences: <{key}@localhost>\r\n\r\n550 no such user",
]


@pytest.mark.parametrize("mail", [*FORGERIES, returned("00000000-0000-4000-8000-000000000000")])
def test_a_forged_report_counts_for_nothing(mail, world):
    Person.create(email="dana@acme.example")
    sweep()
    plainly(mail.replace("{key}", str(Step.objects.get(kind="welcome_email").key)))
    sweep()
    assert Step.objects.get(kind="welcome_email").state == State.DONE
    assert not Event.objects.filter(kind="welcome_email.bounced").exists()


def test_an_answer_by_hand_that_came_back_is_owed_again(world, jordan, desk):
    letter = letter_to(active(email="dana@acme.example"), jordan)
    plainly(returned(letter.key))
    sweep()
    assert "couldn't be sent" in unescape(desk.get("/admin/").content.decode())
    assert Ticket.objects.get().asleep_since is None


# Many strangers


def test_known_people_come_before_strangers(world, monkeypatch):
    """However many strangers wait: in reading, in making tickets, in handing over."""
    monkeypatch.setattr(inbound_messages, "BATCH", 3)
    dana = active(email="dana@acme.example")
    for number in range(8):
        plainly(from_(f"stranger{number}@free.example"))
    plainly(from_(dana.email, "Hello", f"Reply-To: {dana.email}"))
    fetch()
    assert Message.objects.count() == 3 and Ticket.objects.filter(account=dana).exists()
    Letter.objects.create(to="old@free.example", occasion="a", ticket=Ticket.objects.filter(account=None).first())
    known = Letter.objects.create(to=dana.email, occasion="b", ticket=Ticket.objects.get(account=dana))
    by_hand = Letter.objects.create(to=dana.email, occasion="c", automatic=False, due_at=Now())
    assert [letter.pk for letter in OUTBOX.claim("mail", 2, False)] == [by_hand.pk, known.pk]


def test_messages_of_known_people_come_before_strangers(world, monkeypatch):
    monkeypatch.setattr("support.tickets.intake.STRANGERS", 1)
    dana = active()
    for number in range(5):
        Message.objects.create(email=f"stranger{number}@free.example", body="Hello")
    Message.objects.create(email=dana.email, body="Hello")
    fetch()
    assert Ticket.objects.filter(account=dana).exists() and Ticket.objects.count() == 2


def test_who_has_everything_deleted_takes_the_mail_along(world):
    dana = active()
    plainly(from_(dana.email))
    sweep()
    dana.delete()
    assert not Message.objects.exists() and not InboundMail.objects.exists()


# Whatever is in it

CHARSETS = st.sampled_from(
    ["utf-8", "us-ascii", "utf-7", "utf-16", "hex", "nonesuch", "x\x00", "idna", "unknown-8bit", ""]
)
ENCODINGS = st.sampled_from(["7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "nonesuch", ""])
KINDS = st.sampled_from(
    ["text/plain", "text/html", "text/calendar", "image/png", "message/rfc822", "message/delivery-status", "x"]
)
HEADERS = st.sampled_from(
    ["From", "Reply-To", "Subject", "Message-ID", "References", "Auto-Submitted", "Content-Disposition"]
)
WORDS = st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))


@st.composite
def leaves(draw) -> bytes:
    head = f"Content-Type: {draw(KINDS)}; charset={draw(CHARSETS)}\r\nContent-Transfer-Encoding: {draw(ENCODINGS)}"
    return head.encode() + b"\r\n\r\n" + draw(WORDS)


@st.composite
def trees(draw) -> bytes:
    kind, boundary = (
        draw(st.sampled_from(["mixed", "alternative", "related", "report", "signed"])),
        draw(st.sampled_from(["x", "y"])),
    )
    inner = draw(st.lists(leaves() | (trees() if draw(st.integers(0, 2)) == 0 else leaves()), max_size=3))
    parts = b"".join(f"--{boundary}\r\n".encode() + one + b"\r\n" for one in inner)
    return (
        f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode() + parts + f"--{boundary}--".encode()
    )


@st.composite
def mails(draw) -> bytes:
    lines = draw(st.lists(st.tuples(HEADERS, WORDS), max_size=5))
    head = b"".join(name.encode() + b": " + words.replace(b"\n", b"\n ") + b"\r\n" for name, words in lines)
    return head + draw(leaves() | trees() | WORDS)


@pytest.mark.parametrize("by", BY)
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(mails(), min_size=1, max_size=8, unique=True))
def test_a_mail_that_was_taken_is_never_lost(by, some):
    InboundMail.objects.all().delete()
    Message.objects.all().delete()
    for mail in some:
        assert by(mail).status_code == 200
    for _sweep in some:
        inbound_messages.read_mail()
    assert not InboundMail.objects.filter(read_at=None).exists()
    assert all(message.body for message in Message.objects.all())
    assert Message.objects.count() == InboundMail.objects.count() or has_twins(some)


def has_twins(some: list[bytes]) -> bool:
    """Two of them that say the same under one Message-ID."""
    prints = Message.objects.exclude(fingerprint="").count()
    return 0 < prints < len(some)
