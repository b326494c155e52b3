"""Whatever a mail says of itself, it is kept and settled once; an answer that cannot go out is said at the desk."""

from html import unescape

import pytest
from anymail.signals import AnymailTrackingEvent
from django.db.models.functions import Now

from accounts.models import Event
from accounts.status import Status
from provisioning.intake.bounces import heard
from provisioning.models import Fault, Heartbeat
from provisioning.sweep import sweep
from support.models import Letter, Message
from tests.people import Person
from tests.support.post_office import plainly
from tests.support.test_mailbox import deliver, inbound  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS = [
    "dana@[192.0.2.7]",
    "dana@[192.0.2.7",
    "a@xn--",
    "a@xn--999999b.example",
    "a@ex\u200eample.com",
    "a\x00b@acme.example",
    "=?utf-8?q?a=0Ab?=@acme.example",
    "\ud800@acme.example",
    "",
    "@",
    "a@" + "b" * 400 + ".example",
    '"a b"@acme.example',
    "d\u00e4n\u00e4@acme.example",
]
HEADERS = [
    {"Message-ID": "=?utf-8?q?=3Ca=0Ab=40c=3E?="},
    {"Message-ID": "<a\r\n b@c>"},
    {"Message-ID": "<" + "\U0001f4a9" * 900 + "@c>"},
    {"Message-ID": "<a\x00b@c>"},
    {"References": "<a\x00b@c> \ud800"},
    {"References": "<x@y> " * 50_000},
    {"Auto-Submitted": "\x00"},
    {"Content-Type": "multipart/report; boundary="},
    {"Content-Type": "text/plain; charset=nonsense"},
    {"Subject": "=?nonsense?q?=ff?="},
    {"From": "=?utf-8?q?=00?= <dana@acme.example>"},
]


def twice():
    for _ in range(2):
        sweep()


def assert_kept_and_settled(desk):
    twice()
    message = Message.objects.get()
    assert message.settled_at and "Hello" in message.whole
    posted = Letter.objects.filter(sent_at=None, given_up_at=None)
    assert not posted.exists()
    assert Heartbeat.objects.filter(name="sweep").exists() and not Fault.objects.exists()
    page = unescape(desk.get("/admin/").content.decode())
    refused = Letter.objects.filter(given_up_at__isnull=False).first()
    assert ("couldn't be sent" in page) == bool(refused)
    attempts = refused and refused.attempts
    Letter.objects.update(due_at=Now())
    twice()
    assert refused is None or Letter.objects.get(pk=refused.pk).attempts == attempts


@pytest.mark.parametrize("sender", SENDERS, ids=ascii)
def test_from_whom_it_may_be(sender, world, desk):
    assert deliver(sender, "Hello", Message_ID="<one@example.com>").status_code == 200
    assert_kept_and_settled(desk)


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: ascii(headers)[:60])
def test_with_whatever_headers(headers, world, desk):
    for _ in range(2):
        assert deliver("dana@acme.example", "Hello", **headers).status_code == 200
    assert_kept_and_settled(desk)


RAW = [
    b"From: dana@[192.0.2.7]\r\nMessage-ID: <a@b>\r\n\r\nHello",
    b"From: \xff\xfe\x00 <a@\xff>\r\nMessage-ID: \xff\r\nReferences: \x00\xff\r\n\r\nHello \x00\xff",
    b"From: <>\r\nReturn-Path: <>\r\n\r\nHello",
    b"From: a@b.example, c@d.example\r\n\r\nHello",
    b"From: group: a@b.example;\r\n\r\nHello",
    b'Content-Type: text/plain; charset="utf-99"\r\n\r\nHello',
    b"Content-Transfer-Encoding: base64\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello",
]


@pytest.mark.parametrize("text", RAW, ids=lambda text: ascii(text)[:50])
def test_as_it_comes_off_the_wire(text, world, desk):
    assert plainly(text).status_code == 200
    twice()
    assert Message.objects.get().settled_at
    assert desk.get("/admin/").status_code == 200


def test_two_long_ids_with_one_beginning_are_two_mails(db):
    for end in "ab":
        text = f"From: dana@acme.example\r\nMessage-ID: <{'x' * 2000}{end}@c>\r\n\r\nHello".encode()
        plainly(text)
    sweep()
    assert Message.objects.count() == 2


def test_an_address_that_is_too_long_becomes_nobody_elses(db):
    text = b"From: a@acme.example." + b"b" * 300 + b"\r\n\r\nHello"
    plainly(text)
    sweep()
    assert Message.objects.get().email.endswith("\u2026")


WORDS = [b"\xff\x00", "a\x00b", "\ud800", {"a": "dict"}, "x" * 100_000]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(words)[:20])
@pytest.mark.parametrize("kind", ["bounced", "complained"])
def test_what_the_mail_service_says_of_a_letter(kind, words, db):
    dana = Person.create(status=Status.ACTIVE, asked_at=None)
    for recipient in (words, dana.email):
        event = AnymailTrackingEvent(
            event_type=kind, recipient=recipient, reject_reason="bounced", mta_response=words, esp_event=words
        )
        heard(None, event, "test")
    assert Event.objects.filter(account=dana).count() == 1
