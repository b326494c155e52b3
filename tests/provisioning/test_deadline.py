"""A peer that drips meets every limit for a byte, and none for the whole."""

import contextlib
import smtplib
import socket
import threading
import time
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage

from provisioning.deadline import deadline, watch
from provisioning.emails import delivery
from provisioning.exceptions import StepFailed
from provisioning.workspaces import http

LONG = 600.0  # what each of these would take without a limit for the whole


class Dripping:
    """Says one byte of a line that never ends, every twentieth of a second, to whoever connects."""

    def __init__(self, *, first: bytes = b"") -> None:
        self.first = first
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.over = threading.Event()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.door.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _where = self.door.accept()
                threading.Thread(target=self._drip, args=(guest,), daemon=True).start()

    def _drip(self, guest: socket.socket) -> None:
        with contextlib.suppress(OSError), guest:
            guest.sendall(self.first)
            while not self.over.wait(0.05):
                guest.sendall(b"x")


def test_what_is_not_done_in_time_is_ended():
    with Dripping() as peer, socket.create_connection(("127.0.0.1", peer.port)) as sock:
        with pytest.raises(TimeoutError), deadline(0.3):
            watch(sock)
            while sock.recv(1):
                pass


def test_what_is_done_in_time_is_left_alone():
    with Dripping() as peer, socket.create_connection(("127.0.0.1", peer.port)) as sock:
        with deadline(60) as limit:
            watch(sock)
            assert sock.recv(1) == b"x"
        assert not limit.reached and sock.recv(1) == b"x"


def test_the_inner_limit_does_not_lift_the_outer():
    with Dripping() as peer, socket.create_connection(("127.0.0.1", peer.port)) as sock:
        with pytest.raises(TimeoutError), deadline(0.3):
            watch(sock)
            while True:
                with deadline(60):
                    if not sock.recv(1):
                        break


def test_a_block_that_took_too_long_without_noticing_is_told_so():
    with pytest.raises(TimeoutError), deadline(0.01) as limit:
        while not limit.reached:
            time.sleep(0.001)


@pytest.fixture
def mail_that_drips(settings):
    with Dripping() as peer:
        settings.EMAIL_BACKEND = "provisioning.emails.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", peer.port, 1
        yield


def test_a_greeting_that_drips(mail_that_drips):
    began = time.monotonic()
    with pytest.raises(StepFailed) as refusal:
        delivery.hand_over(EmailMessage("subject", "body", to=["dana@acme.example"]))
    assert (refusal.value.failure, refusal.value.outage) == ("timeout", True)
    assert time.monotonic() - began < LONG / 10


def test_the_whole_letter_has_a_limit_too(mail_that_drips, settings, monkeypatch):
    settings.EMAIL_TIMEOUT = LONG
    monkeypatch.setattr(delivery, "LETTER_SECONDS", 0.5)
    with pytest.raises(StepFailed) as refusal:
        delivery.hand_over(EmailMessage("subject", "body", to=["dana@acme.example"]))
    assert refusal.value.failure == "timeout"


def test_a_head_that_drips(monkeypatch):
    monkeypatch.setattr(http, "HEAD_SECONDS", 0.5)
    step = SimpleNamespace(key=uuid4(), account=SimpleNamespace(pk=uuid4(), company="", name="", email=""))
    with Dripping(first=b"HTTP/1.1 201 Created\r\nX-Long: ") as peer, pytest.raises(StepFailed) as refusal:
        http.create(step, f"http://127.0.0.1:{peer.port}/workspaces")  # type: ignore[arg-type]
    assert (refusal.value.failure, refusal.value.outage) == ("timeout", True)


@pytest.mark.parametrize(
    ("error", "failure", "permanent"),
    [
        (smtplib.SMTPSenderRefused(550, b"sender rejected", "us"), "sender refused", False),
        (smtplib.SMTPAuthenticationError(535, b"no"), "login refused", False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.1.8 bad sender address")}), "sender refused", False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"Sender address rejected: not owned")}), "sender refused", False),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"greylisted")}), "4xx", False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.1.1 no such user")}), "5xx", True),
        (smtplib.SMTPDataError(554, b"no thank you"), "5xx", True),
        (smtplib.SMTPServerDisconnected("bye"), "hung up", False),
    ],
)
def test_what_an_answer_says_about_whom(error, failure, permanent):
    refusal = delivery._refused(error)
    assert (refusal.failure, refusal.permanent, refusal.outage) == (failure, permanent, not permanent)


@pytest.mark.parametrize(
    "to", ["dana@acme\u200e.example", "a@xn--\udcff", "dana@" + "x" * 400 + ".example", "a\nb@c.d"]
)
def test_an_address_that_cannot_be_written_is_a_refusal_and_no_fault(mail_that_drips, to):
    with pytest.raises(StepFailed):
        delivery.hand_over(EmailMessage("subject", "body", to=[to]))
