"""Mail by a service's API: what goes there, and whom its refusals blame. The service is a small real server."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.http import Http404

from config import env
from provisioning import doctor
from provisioning.emails import delivery
from provisioning.exceptions import StepFailed
from support.inbound.reader import keys_of_nobody
from support.inbound.webhooks import service_at

TO = "dana@acme.example"
SENT = {
    "postmark": {"To": TO, "MessageID": "1", "ErrorCode": 0, "Message": "OK"},
    "mailgun": {"id": "<1@mg.acme.example>", "message": "Queued. Thank you."},
    "resend": {"id": "1"},
    "brevo": {"messageId": "<1@brevo>"},
    "sendgrid": {},
    "mailersend": {},
    "sparkpost": {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": "1"}},
    "mailjet": {"Messages": [{"Status": "success", "To": [{"Email": TO, "MessageID": 1}], "Cc": [], "Bcc": []}]},
}
URLS = {
    "postmark": "postmark://a-server-token",
    "mailgun": "mailgun://an-api-key@mg.acme.example",
    "resend": "resend://an-api-key",
    "brevo": "brevo://an-api-key",
    "sendgrid": "sendgrid://an-api-key",
    "mailersend": "mailersend://an-api-token",
    "sparkpost": "sparkpost://an-api-key",
    "mailjet": "mailjet://an-api-key:a-secret-key",
}
INACTIVE = {
    "ErrorCode": 406,
    "Message": "You tried to send to a recipient that has been marked as inactive.\nFound inactive addresses: "
    "dana@acme.example.\nInactive recipients are ones that have generated a hard bounce.",
}
OF_THEM = [  # whom the service refuses, as each of them says it
    ("postmark", 422, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'dana@acme.example'."}),
    ("postmark", 422, INACTIVE),
    ("mailgun", 400, {"message": "'to' parameter is not a valid address. please check documentation"}),
    ("resend", 422, {"name": "validation_error", "message": "Invalid `to` field. It needs to be one."}),
    ("brevo", 400, {"code": "invalid_parameter", "message": "email is not valid in to"}),
    ("sendgrid", 400, {"errors": [{"message": "It is no valid address.", "field": "personalizations.0.to.0.email"}]}),
    ("mailersend", 422, {"message": "The to.0.email must be a valid email address."}),
]  # fmt: skip
OF_US = [  # who sends, or the service itself
    ("postmark", 401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."}, "login refused"),
    ("postmark", 422, {"ErrorCode": 400, "Message": "The 'From' is not a Sender Signature."}, "sender refused"),
    ("postmark", 422, {"ErrorCode": 405, "Message": "You ran out of credits."}, "sender refused"),
    ("mailgun", 404, {"message": "Domain not found: mg.acme.example"}, "sender refused"),
    ("resend", 403, {"message": "The domain is not verified."}, "login refused"),
    ("brevo", 400, {"code": "invalid_parameter", "message": "sender is not valid"}, "sender refused"),
    ("brevo", 402, {"code": "not_enough_credits", "message": "no credits"}, "4xx"),
    ("sendgrid", 429, {"errors": [{"message": "too many requests"}]}, "4xx"),
    ("sendgrid", 400, {"errors": [{"message": "Unable to parse what you sent"}]}, "4xx"),
    ("sparkpost", 500, {"errors": [{"message": "internal"}]}, "5xx"),
    ("mailjet", 503, {}, "5xx"),
]  # fmt: skip


@dataclass
class Service:
    """A mail service that answers as it is told, and keeps what was asked."""

    status: int = 200
    answer: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    kind: str = "application/json"
    drips: bool = False
    over: Event = field(default_factory=Event)
    port: int = 0

    def says(self, status: int, answer: object, **headers: str) -> None:
        self.status, self.answer, self.headers = status, json.dumps(answer).encode(), headers


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((self.path, dict(self.headers), body))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name.replace("_", "-"), value)
            if told.kind:
                self.send_header("Content-Type", told.kind)
            self.send_header("Content-Length", str(len(told.answer)))
            self.end_headers()
            if told.drips:
                told.over.wait(20)
            self.wfile.write(told.answer)

        do_GET = do_POST

        def log_message(self, *_words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield told
        told.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def by(settings, monkeypatch, service):
    """Mail goes by this service, at our server's address."""

    def choose(name: str, port: int = 0) -> None:
        url = f"{URLS[name]}?api=http://127.0.0.1:{port or service.port}/"
        monkeypatch.setenv("EMAIL_URL", url)
        for setting, value in env.mail("EMAIL_URL", Path("/tmp")).items():
            if setting == "ANYMAIL":
                value = value | {"REQUESTS_TIMEOUT": 2, "WEBHOOK_SECRET": "service:a secret"}
            setattr(settings, setting, value)

    return choose


def letter(to: str = TO) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives("Welcome", "Hello", "Acme <hello@acme.example>", [to])
    message.extra_headers = {"Message-ID": "<a-key@acme.example>"}
    message.attach_alternative("<p>Hello</p>", "text/html")
    return message


def failure_of(message: EmailMultiAlternatives) -> StepFailed:
    with pytest.raises(StepFailed) as failed:
        delivery.hand_over(message)
    return failed.value


@pytest.mark.parametrize("name", URLS)
def test_a_letter_goes_to_the_service(by, service, name):
    by(name)
    service.says(202 if name in ("sendgrid", "mailersend") else 200, SENT[name], X_Message_Id="1")
    delivery.hand_over(letter())
    [(_path, headers, body)] = service.asked
    assert b"Hello" in body and b"acme.example" in body
    assert headers["Idempotency-Key"] == "<a-key@acme.example>"


def test_postmark_keeps_our_message_id(by, service):
    by("postmark")
    service.says(200, SENT["postmark"])
    delivery.hand_over(letter())
    headers = {one["Name"]: one["Value"] for one in json.loads(service.asked[0][2])["Headers"]}
    assert headers == {"Message-ID": "<a-key@acme.example>", "X-PM-KeepID": "true"}


@pytest.mark.parametrize(("name", "status", "answer"), OF_THEM)
def test_a_refused_recipient_is_no_outage(by, service, name, status, answer):
    by(name)
    service.says(status, answer)
    failure = failure_of(letter())
    assert (failure.permanent, failure.outage) == (True, False), failure.reason
    assert delivery.names_the_mailbox(failure.reason)
    assert "{" not in failure.reason


@pytest.mark.parametrize(("name", "status", "answer", "kind"), OF_US)
def test_what_is_ours_or_theirs_spends_nobodys_tries(by, service, name, status, answer, kind):
    by(name)
    service.says(status, answer, Retry_After="30")
    failure = failure_of(letter())
    assert (failure.permanent, failure.outage, failure.failure) == (False, True, kind), failure.reason
    assert failure.retry_after == 30 and str(status) in failure.reason


def test_an_address_that_no_letter_can_carry_is_theirs(by, service):
    by("postmark")
    failure = failure_of(letter("dana at acme"))
    assert failure.permanent and not failure.outage and service.asked == []


@pytest.mark.parametrize("name", ["postmark", "mailgun", "resend"])
def test_a_page_of_html_is_an_outage(by, service, name):
    by(name)
    service.status, service.answer = 502, b"<html>Bad gateway</html>"
    failure = failure_of(letter())
    assert failure.outage and failure.reason == "the mail service said 502"
    service.status = 200
    assert failure_of(letter()).outage


def test_an_answer_that_nobody_understands_is_an_outage(by, service):
    by("postmark")
    service.says(200, [["not", "as", "agreed"]])
    assert failure_of(letter()).outage
    by("mailersend")
    service.status, service.kind = 202, ""
    failure = failure_of(letter())
    assert (failure.permanent, failure.outage) == (False, True)


def test_who_reads_foreign_mail_has_no_key(by):
    by("postmark")
    assert django_settings.ANYMAIL["POSTMARK_SERVER_TOKEN"] == "a-server-token"
    assert set(keys_of_nobody()) == set(django_settings.ANYMAIL)
    assert set(keys_of_nobody().values()) == {"nobody:knocks"}


@pytest.mark.django_db
def test_a_service_proves_itself_by_its_signature(by, settings, client):
    """Beside the word of WEBHOOK_SECRET."""
    by("mailgun")
    settings.ANYMAIL = settings.ANYMAIL | {"MAILGUN_WEBHOOK_SIGNING_KEY": "a-signing-key"}
    for key, status in (("a-signing-key", 200), ("another-key", 400)):
        signed = hmac.new(key.encode(), b"1800000000a-token", "sha256").hexdigest()
        said = {
            "signature": {"timestamp": "1800000000", "token": "a-token", "signature": signed},
            "event-data": {"event": "opened", "recipient": TO, "timestamp": 1800000000.0, "id": "1"},
        }
        word = {"Authorization": "Basic " + b64encode(b"service:a secret").decode()}
        answer = client.post("/mail/mailgun/tracking/", said, content_type="application/json", headers=word)
        assert answer.status_code == status


def test_nobody_there_is_an_outage(by):
    by("resend", port=9)
    failure = failure_of(letter())
    assert (failure.outage, failure.failure) == (True, "refused")


@pytest.mark.parametrize("patience", ["each byte", "the whole"])
def test_one_who_is_silent_is_waited_for_in_vain_and_not_for_long(by, service, settings, monkeypatch, patience):
    by("resend")
    service.drips = True
    if patience == "each byte":
        settings.ANYMAIL = settings.ANYMAIL | {"REQUESTS_TIMEOUT": 0.3}
    else:
        settings.ANYMAIL = settings.ANYMAIL | {"REQUESTS_TIMEOUT": 60}
        monkeypatch.setattr(delivery, "LETTER_SECONDS", 0.3)
    failure = failure_of(letter())
    assert (failure.outage, failure.failure) == (True, "timeout")


def test_a_redirect_is_not_followed(by, service):
    """The key would go wherever it leads."""
    by("resend")
    service.says(307, {}, Location="http://127.0.0.1:9/")
    assert failure_of(letter()).outage and len(service.asked) == 1


def test_the_doctor_asks_whether_it_is_there(by, service):
    by("postmark")
    assert doctor.mail() == "email goes by Postmark"
    by("postmark", port=9)
    with pytest.raises(doctor.Unwell):
        doctor.mail()


def test_only_the_services_own_webhooks_are_there(by):
    by("postmark")
    assert service_at("postmark/inbound/") and service_at("postmark/tracking/") and service_at("plain/inbound/")
    for other in ("brevo/tracking/", "sendgrid/inbound/", "sparkpost/inbound/"):
        with pytest.raises(Http404):
            service_at(other)


REFUSED = [
    ("postmark://", "postmark://server-token"),
    ("postmark://token:secret", "postmark://server-token"),
    ("postmark://token@acme.example", "must look like"),
    ("mailgun://an-api-key", "mailgun://api-key@mg.acme.example"),
    ("mailgun://an-api-key@not..a.host", "must look like"),
    ("mailjet://an-api-key", "mailjet://api-key:secret-key"),
    ("resend://an-api-key?region=eu", "'region'"),
    ("resend://an-api-key?api=http://api.resend.com/", "'api'"),
    ("postmark://a-token?streem=x", "'streem'"),
    ("ses://access-key:secret@eu-central-1", "pip install boto3"),
    ("pigeon://token", "must start with"),
]


@pytest.mark.parametrize(("url", "words"), REFUSED)
def test_a_wrong_url_is_one_sentence_without_the_key(monkeypatch, url, words):
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL ") as refused:
        env.mail("EMAIL_URL", Path("/tmp"))
    assert words in str(refused.value) and "an-api-key" not in str(refused.value)


@pytest.mark.parametrize(
    ("service", "named", "found"),
    [
        ("mailgun", ("a", "a"), {"MAILGUN_WEBHOOK_SIGNING_KEY": "a"}),
        ("mailersend", ("a", "b"), {"MAILERSEND_SIGNING_SECRET": "a", "MAILERSEND_INBOUND_SECRET": "b"}),
        ("sendgrid", ("a", ""), {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": "a"}),
        ("postmark", ("", ""), {}),
        ("postmark", ("a", ""), "WEBHOOK_SIGNING_KEY is for a service"),
        ("sendgrid", ("", "a"), "INBOUND_SIGNING_KEY is for a service"),
        ("", ("a", ""), "WEBHOOK_SIGNING_KEY is for a service"),
    ],
)
def test_keys_by_which_a_service_signs(monkeypatch, service, named, found):
    names = ("WEBHOOK_SIGNING_KEY", "INBOUND_SIGNING_KEY")
    for name, value in zip(names, named, strict=True):
        monkeypatch.setenv(name, value)
    if isinstance(found, dict):
        assert env.signing_keys(service, *names) == found
    else:
        with pytest.raises(ImproperlyConfigured, match=found):
            env.signing_keys(service, *names)
