"""E-mail backend of a mail service with an HTTP API (django-anymail), and what its refusals mean.

anymail's errors are OSErrors whatever happened; here a refused recipient is told from a service that is down.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string
from requests.adapters import HTTPAdapter

from provisioning.deadline import watch
from provisioning.exceptions import StepFailed, seconds

MODULES = {"ses": "amazon_ses"}
# Of an answer that refuses something: whether it speaks of us who send, or of whom it is for.
OF_US = re.compile(
    r"\b(from|sender|signature|api.?key|token|account|domain (is )?not|unverified|not verified|verif(y|ied)|plan"
    r"|quota|credits?|suspended|sandbox|permission|unauthori[sz]ed|stream)\b",
    re.I,
)
OF_THEM = re.compile(
    r"['`\"]to['`\"]|\bto(\.\d|\[| field| parameter| address)|\bin to\b"
    r"|\b(recipients?|inactive|suppress\w*|blacklist\w*|mailbox|personalizations)\b",
    re.I,
)
SAID = ("message", "Message", "error", "detail", "description", "code")
LONGEST = 400
OUT_OF_TIME = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)


class _Watched(urllib3.connection.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        watch(self.sock)


class _WatchedTLS(urllib3.connection.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        watch(self.sock)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _PoolTLS(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


class _InTime(HTTPAdapter):
    """Adapter whose connections are under the time limits of `deadline`, and which follows nobody elsewhere."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)  # type: ignore[no-untyped-call]
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}


class EmailBackend(BaseEmailBackend):
    """The backend of settings.MAIL_SERVICE, with time limits and one key for all tries of a letter."""

    def __init__(self, fail_silently: bool = False, **_options: Any) -> None:
        super().__init__(fail_silently)
        self.service = kind_of(settings.MAIL_SERVICE)()

    def send_messages(self, email_messages: Any) -> int:
        self.service.open()
        try:
            return sum(self._send(message) for message in email_messages)
        finally:
            self.service.close()

    def _send(self, message: EmailMessage) -> int:
        session = getattr(self.service, "session", None)
        if session is not None:
            session.mount("https://", _InTime())
            session.mount("http://", _InTime())
            session.max_redirects = 0
            session.headers["Idempotency-Key"] = str(message.extra_headers.get("Message-ID", ""))
        if settings.MAIL_SERVICE == "postmark":
            message.extra_headers["X-PM-KeepID"] = "true"  # else it gives the letter a Message-ID of its own
        return self.service.send_messages([message])


def kind_of(service: str) -> type:
    """Anymail's backend class for a service of EMAIL_URL."""
    kind: type = import_string(f"anymail.backends.{MODULES.get(service, service)}.EmailBackend")
    return kind


def knock() -> str:
    """Ask the mail service whether somebody is there, whatever it answers. Raises OSError."""
    backend = kind_of(settings.MAIL_SERVICE)()
    if isinstance(backend, AnymailRequestsBackend):
        requests.get(backend.api_url, timeout=settings.EMAIL_TIMEOUT, allow_redirects=False)
    return str(backend.esp_name)


def refused(error: AnymailError) -> StepFailed:
    """The failure that an error of a mail service stands for.

    What names the recipient is about them, and for good; everything else is about the service or about us, and a
    letter that it alone does not like fails by itself while others go through.
    """
    if isinstance(error, AnymailInvalidAddress):
        return StepFailed(f"no email can be sent to that address ({error.args[0]})", permanent=True)
    if isinstance(error, AnymailRecipientsRefused):
        return _about_them(_words(error))
    if not isinstance(error, AnymailAPIError):
        raise error  # a letter that we have made wrongly
    status = status_of(error)
    if status is None:
        return _no_answer(error)
    if status in (400, 422) and not OF_US.search(_words(error)) and OF_THEM.search(_words(error)):
        return _about_them(f"{status} {_words(error)}")
    return StepFailed(
        f"the mail service said {status} {_words(error)}".strip(),
        failure=_class_of(status, _words(error)),
        outage=True,
        retry_after=_retry_after(error),
    )


def _about_them(words: str) -> StepFailed:
    return StepFailed(f"the mail service refuses this recipient: {words}", permanent=True, failure="5xx")


def _no_answer(error: AnymailAPIError) -> StepFailed:
    if any(isinstance(one, OUT_OF_TIME) for one in _causes(error)):
        return StepFailed("the mail service did not answer in time", failure="timeout", outage=True)
    reason = f"the mail service could not be reached ({type(error.__cause__).__name__})"
    return StepFailed(reason, failure="refused", outage=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what was behind it: in a body that stops, requests says "connection error" of a time-out."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _class_of(status: int, words: str) -> str:
    if status in (401, 403):
        return "login refused"
    if status in (400, 404, 422) and OF_US.search(words):
        return "sender refused"
    return "5xx" if status >= 500 else "4xx"


def status_of(error: AnymailAPIError) -> int | None:
    """HTTP status of the answer, None where there was none. Boto's answers are dictionaries."""
    if isinstance(error.response, dict):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    return error.status_code or getattr(error.response, "status_code", None)


def _retry_after(error: AnymailAPIError) -> int | None:
    return seconds(getattr(error.response, "headers", {}).get("Retry-After"))


def _words(error: AnymailError) -> str:
    """What the service said, without its JSON; of a page of HTML nothing."""
    answer = error.response
    if isinstance(answer, dict):
        return str(answer.get("Error", {}).get("Message", ""))[:LONGEST]
    text = getattr(answer, "text", "") or ""
    try:
        return " ".join(_said(json.loads(text)))[:LONGEST]
    except (ValueError, RecursionError):
        return "" if "<" in text else " ".join(text.split())[:LONGEST]


def _said(value: Any) -> list[str]:
    """Sentences in an answer: of each error its message, and the field that it is about."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [words for one in value[:5] for words in _said(one)]
    if isinstance(value, dict):
        inner = [value[name] for name in (*SAID, "errors", "field") if name in value]
        return [words for one in inner for words in _said(one)]
    return []
