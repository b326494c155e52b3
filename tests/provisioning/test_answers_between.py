"""Answers of something in between, and answers that are none: told apart by a real little server that says them."""

import gzip
import json
import time
from typing import Any
from uuid import UUID

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from accounts.status import Status
from provisioning.exceptions import StepFailed
from provisioning.models import Step
from provisioning.sweep import sweep
from provisioning.workspaces import http
from provisioning.workspaces.answer import Answer, reference_in
from tests.people import Person

OUR_ID = "11111111-2222-3333-4444-555555555555"
PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in</title><style>p {}</style></head><body><p>Welcome &amp; hello</body>"
)
DANA = Account(pk=UUID(OUR_ID), company="Acme", name="Dana", email="dana@acme.example")
A_STEP = Step(account=DANA, kind="workspace")


def raw(status: object, body: bytes = b"", kind: str = "application/json", **fields: object) -> bytes:
    fields = {"Content-Type": kind, "Content-Length": len(body)} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode("latin-1") + body


CHUNKED: dict[str, Any] = {"Content_Length": None, "Transfer_Encoding": "chunked"}
MADE = {
    "whole": (raw(201, b'{"id": "ws_1"}'), "ws_1"),
    "empty": (raw(201), OUR_ID),
    "text": (raw(200, b"created", "text/plain"), OUR_ID),
    "JSON under the name of a page": (raw(200, b'{"id": "ws_1"}', "text/html"), "ws_1"),
    "a page's name and nothing": (raw(201, b"", "text/html"), OUR_ID),
    "cut": (raw(201, b'{"id": "ws_', Content_Length=500), OUR_ID),
    "nothing but the head": (raw(201, Content_Length=500), OUR_ID),
    "a broken chunk": (raw(201, b"zzz\r\nno", **CHUNKED), OUR_ID),
    "a chunk that never ends": (raw(201, b"20\r\n" + b'{"id": "ws_1"}', **CHUNKED), "ws_1"),
    "chunks without their end": (raw(201, b'e\r\n{"id": "ws_1"}\r\n', **CHUNKED), "ws_1"),
    "no gzip": (raw(201, b'{"id": "ws_1"}', Content_Encoding="gzip"), OUR_ID),
    "gzip": (raw(201, gzip.compress(b'{"id": "ws_1"}', mtime=0), Content_Encoding="gzip"), "ws_1"),
    "gzip that does not say so": (raw(201, gzip.compress(b'{"id": "ws_1"}', mtime=0)), "ws_1"),
    "connection: close": (raw(201, b'{"id": "ws_1"}', Connection="close", Content_Length=None), "ws_1"),
    "204": (raw(204, Content_Length=None), OUR_ID),
    "205": (raw(205), OUR_ID),
    "409": (raw(409, b'{"error": "taken"}'), OUR_ID),
    "after 100": (b"HTTP/1.1 100 Continue\r\n\r\n" + raw(201, b'{"id": "ws_1"}'), "ws_1"),
    "after 103": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + raw(201, b'{"id": "ws_1"}'), "ws_1"),
    "UTF-16": (raw(200, '{"id": "ws_1"}'.encode("utf-16")), "ws_1"),
    "nested for ever": (raw(200, b"[" * 60_000), OUR_ID),
    "digits for ever": (raw(200, b'{"id": ' + b"9" * 9_000 + b"}"), OUR_ID),
}


@pytest.mark.parametrize("says", MADE)
def test_it_is_made(workspaces, says):
    workspaces.raw, reference = MADE[says]
    workspaces.mode = "raw"
    assert http.create(A_STEP, workspaces.url) == reference


@pytest.mark.parametrize("then", ["raw and reset", "raw and silent"])
def test_it_is_made_whatever_comes_after_the_head(workspaces, monkeypatch, then):
    impatient = urllib3.PoolManager(timeout=0.2, retries=False)
    monkeypatch.setattr(http, "pool", lambda: impatient)
    workspaces.raw = raw(201, b'{"id": ', Content_Length=500)
    workspaces.mode = then
    assert http.create(A_STEP, workspaces.url) == OUR_ID


IN_BETWEEN = {
    **{str(status): raw(status, b"no") for status in (405, 406, 407, 411, 413, 414, 415, 417, 421, 426, 431, 494)},
    "600": raw(600, b"no"),
    "999": raw(999, b"no"),
    "101": raw(101),
    "a page with 200": raw(200, PAGE.encode(), "text/html"),
    "a page of no name": raw(201, PAGE.encode(), ""),
    "a page in UTF-16": raw(200, PAGE.encode("utf-16"), "text/html; charset=utf-8"),
    "a page in UTF-16 without its mark": raw(400, PAGE.encode("utf-16-le"), "text/html"),
    "a page of which nothing came": raw(200, b"", "text/html", Content_Length=500),
    "a page in gzip": raw(200, gzip.compress(PAGE.encode(), mtime=0), "text/html", Content_Encoding="gzip"),
    "a picture": raw(200, b"GIF89a", "image/gif"),
    "a page with 400": raw(400, PAGE.encode(), "text/html"),
    "a page with 409": raw(409, PAGE.encode(), "text/html"),
    "a page with 422": raw(422, b"\xef\xbb\xbf\n <html>blocked", "text/plain"),
    "XML with 400": raw(400, b"<?xml version='1.0'?><Error>AccessDenied</Error>", "application/xml"),
}
NOT_THEM = {
    "token refused": [raw(status, b"{}") for status in (401, 403)],
    "4xx": [raw(status, b"{}") for status in (404, 408, 425, 429)],
    "3xx": [raw(status, Location="/elsewhere") for status in (301, 302, 303, 307, 308)] + [raw(304)],
    "5xx": [raw(status, b"{}") for status in (500, 502, 503, 504, 520, 599)],
    "refused": [
        raw("099"),
        raw(1000),
        raw("2\xb20"),
        b"",
        b"\x16\x03\x01\x02",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 201 So\r\n" + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 201 So\r\n" + b"X-Many: x\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50,
        raw(201, Content_Length="5, 7"),
    ],
    "between": list(IN_BETWEEN.values()),
}


@pytest.mark.parametrize(
    ("failure", "says"), [(failure, says) for failure, answers in NOT_THEM.items() for says in answers]
)
def test_nobody_is_refused(workspaces, failure, says):
    workspaces.raw = says
    workspaces.mode = "raw"
    with pytest.raises(StepFailed) as refusal:
        http.create(A_STEP, workspaces.url)
    assert (refusal.value.failure, refusal.value.permanent, refusal.value.outage) == (failure, False, True)
    assert "<" not in refusal.value.reason and len(refusal.value.reason) <= 200


@pytest.mark.parametrize("status", [400, 402, 410, 422, 423, 424, 451])
def test_what_the_service_says_of_a_person_is_for_good(workspaces, status):
    workspaces.raw = raw(status, b'{"error": "company name rejected"}', Content_Length=500)
    workspaces.mode = "raw"
    with pytest.raises(StepFailed, match=f"said {status}") as refusal:
        http.create(A_STEP, workspaces.url)
    assert (refusal.value.failure, refusal.value.permanent, refusal.value.outage) == ("4xx", True, False)


def test_a_token_that_no_header_takes_is_nobodys_fault(workspaces):
    with pytest.raises(StepFailed) as refusal:
        http.create(A_STEP, workspaces.url.replace("token@", "%E2%82%AC%0D%0A@"))
    assert refusal.value.outage


def test_a_hint_that_comes_early_is_not_taken_for_the_next_persons_answer(workspaces):
    hint, made = b"HTTP/1.1 103 Early Hints\r\n\r\n", raw(201, b'{"id": "ws_1"}')
    workspaces.raw, workspaces.mode = hint + made, "raw"
    assert http.create(A_STEP, workspaces.url) == "ws_1"
    workspaces.mode = "4xx"
    with pytest.raises(StepFailed, match="company name rejected"):
        http.create(A_STEP, workspaces.url)


def reason(body: bytes, kind: str = "application/json", status: int = 422) -> str:
    with pytest.raises(StepFailed) as refusal:
        reference_in(Answer(status, {"content-type": kind}, body), OUR_ID)
    return refusal.value.reason.partition(f"{status} ")[2]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "company name rejected"}, "company name rejected"),
        ({"type": "about:blank", "title": "Refused", "detail": "No such company", "status": 422},
         "Refused: No such company"),
        ({"error": {"code": 7, "message": "too   short\n"}}, "too short"),
        ({"errors": [{"message": "one"}, {"message": "two"}]}, "one: two"),
        ({"detail": [{"loc": ["body"], "msg": "bad"}]}, "body: bad"),
        ({"message": "<b>Bad</b> &lt;script&gt;x"}, "Bad x"),
        ({"error": True}, ""),
        ("no", "no"),
    ],
)  # fmt: skip
def test_problems_are_read_as_words(body, words):
    assert reason(json.dumps(body).encode()) == words


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (PAGE.encode(), "text/html", "Sign in Welcome & hello"),
        (PAGE.encode("utf-16"), "text/html", "Sign in Welcome & hello"),
        (PAGE.encode("utf-16-be"), "text/html; charset=latin-1", "Sign in Welcome & hello"),
        (b"Zu gro\xdf", "text/plain; charset=latin-1", "Zu groß"),
        (b"Zu gro\xdf", "text/plain; charset=nonsense", "Zu gro"),
        (b"n\x00o\x1b[31m", "text/plain", "n o [31m"),
        (gzip.compress(b"blocked", mtime=0), "text/plain", "blocked"),
        (b"\x1f\x8bbroken", "text/plain", "broken"),
        (b"<p>cut in the middle of <a href=", "text/html", "cut in the middle of"),
        (b"shorter than 5 < 7", "text/plain", "shorter than 5 < 7"),
    ],
)
def test_pages_are_read_as_words(body, kind, words):
    assert reason(body, kind) == words


BODIES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(max_size=100).map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "error", "title", "x"]), inner)
        ),
    ).map(lambda said: json.dumps(said).encode()),
    st.lists(st.sampled_from(["<html>", "<", ">", "<!--", "-->", "<script", "</script>", "&lt;", "\x00", "a "])).map(
        lambda parts: "".join(parts).encode()
    ),
)


@given(
    status=st.integers(100, 999),
    body=BODIES,
    kind=st.sampled_from(["", "text/html", "application/json", "text/plain; charset=utf-16", "image/png", "x/y"]),
    whole=st.booleans(),
    wait=st.text(max_size=20) | st.integers().map(str),
)
def test_whatever_is_answered_can_be_kept(status, body, kind, whole, wait):
    answer = Answer(status, {"content-type": kind, "retry-after": wait, "date": wait}, body, whole)
    try:
        kept = reference_in(answer, OUR_ID)
    except StepFailed as failed:
        kept = failed.reason
        assert failed.outage is not failed.permanent
        assert failed.retry_after is None or 0 <= failed.retry_after <= 86400
    assert 0 < len(kept) <= 200 and "\x00" not in kept
    kept.encode()


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ('"ws_1"', "ws_1"),
        ("7", "7"),
        ('"a\\u0000b"', OUR_ID),
        ('"\\ud800"', OUR_ID),
        ('""', OUR_ID),
        ('"  "', OUR_ID),
        (json.dumps("x" * 10_000), OUR_ID),
        ("{}", OUR_ID),
        ('["ws_1"]', OUR_ID),
        ("true", OUR_ID),
        ("null", OUR_ID),
        ("1.5", OUR_ID),
        ("NaN", OUR_ID),
    ],
)
def test_an_id_is_kept_as_it_is_or_not_at_all(found, kept):
    assert reference_in(Answer(201, {}, b'{"id": %s}' % found.encode()), OUR_ID) == kept


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("30", 30),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("9" * 6000, 86400),
        ("Fri, 27 Nov 2026 06:01:00 GMT", 60),
        ("Fri, 27 Nov 2020 06:01:00 GMT", 0),
        ("Fri, 27 Nov 9999 99:99:99 GMT", None),
        ("\xb2", None),
    ],
)
def test_retry_after(asked, seconds):
    headers = {"retry-after": asked, "date": "Fri, 27 Nov 2026 06:00:00 GMT"}
    with pytest.raises(StepFailed) as failed:
        reference_in(Answer(503, headers, b""), OUR_ID)
    assert failed.value.retry_after == seconds


def test_a_page_made_to_be_slow_is_read_quickly():
    for evil in (b"<" * 65536, b"<script" * 9000, b"<!--" * 16000, b"&lt;" * 16000, b" " * 65536, b"<a " * 20000):
        started = time.process_time()
        reason(evil, "text/html")
        assert time.process_time() - started < 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("says", ["cut", "a broken chunk", "after 103"])
def test_who_was_made_is_active(mail, workspaces, says):
    workspaces.raw = MADE[says][0]
    workspaces.mode = "raw"
    dana = Person.create()
    sweep()
    dana.refresh_from_db()
    assert dana.status == Status.ACTIVE
