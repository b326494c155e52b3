"""The web process as it is run: other people's sockets, bodies and passwords cost nobody else their page."""

import json
import os
import signal
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from launcher.programs import KEEP_HEAP
from stage import Process
from stage.processes import wait_until
from tests.web.raw import HALVES, Answer, answer_to, ask, connect, is_open, request
from tests.web.site import WORD, web

pytestmark = pytest.mark.django_db
MIB = 1024**2


@pytest.fixture(scope="module")
def running(tmp_path_factory, django_db_setup) -> Iterator[tuple[Process, int]]:
    with web(tmp_path_factory.mktemp("home")) as both:
        yield both


@pytest.fixture
def port(running) -> int:
    return running[1]


@pytest.mark.parametrize("number", [1, 40, 200])
@pytest.mark.parametrize("half", HALVES)
def test_a_connection_does_not_cost_a_thread(port, half, number):
    wires = [connect(port) for _ in range(number)]
    try:
        for wire in wires:
            wire.sendall(HALVES[half])
        assert ask(port, request("GET /login/")).status == 200
        assert all(is_open(wire) for wire in wires)
    finally:
        for wire in wires:
            wire.close()


def test_two_hundred_half_bodies_do_not_fill_the_memory(running):
    process, port = running
    before = resident(process)
    wires = [connect(port) for _ in range(200)]
    for wire in wires:
        wire.sendall(HALVES["half bodies"])
    wait_until(lambda: ask(port, request("GET /healthz")).status == 200)
    grown = resident(process) - before
    for wire in wires:
        wire.close()
    assert grown < 60 * MIB, f"{grown / MIB:.0f} MiB for 100 MB of bodies"


def resident(process: Process) -> int:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


@pytest.mark.parametrize("path", ["/signup/", "/contact/", "/mail/postmark/inbound/", "/nowhere/"])
def test_300_megabytes_are_refused_while_they_come(port, path):
    kind = "Content-Type: multipart/form-data; boundary=x"
    with connect(port) as wire:
        wire.sendall(request(f"POST {path}", "Content-Length: 300000000", kind))
        for _ in range(30):
            wire.sendall(b"x" * 100_000)
        answer = answer_to(wire)
    assert answer.status == 413
    assert b"<h1>That's too large</h1>" in answer.body


def mail_of(size: int, word: str) -> bytes:
    letter = {
        "From": "dana@acme.example",
        "Subject": "A picture",
        "TextBody": "See?",
        "Attachments": [],
        "x": "x" * size,
    }
    body = json.dumps(letter).encode()
    authorization = f"Authorization: Basic {b64encode(word.encode()).decode()}"
    length = f"Content-Length: {len(body)}"
    return request("POST /mail/postmark/inbound/", length, authorization, "Content-Type: application/json", body=body)


@pytest.mark.parametrize(
    ("size", "word", "taken"), [(39 * MIB, WORD, True), (41 * MIB, WORD, False), (2 * MIB, "service:guess", False)]
)
def test_only_the_mail_service_may_send_pictures(port, size, word, taken):
    with connect(port) as wire:
        wire.sendall(mail_of(size, word))
        assert (answer_to(wire).status == 413) is not taken


@pytest.mark.django_db(transaction=True)
def test_wrong_passwords_do_not_block_pages(port):
    """As many threads as may wait for a hash do; who comes beyond that is told so at once."""
    cookie, sent = log_in_form()
    wires = [connect(port) for _ in range(200)]
    for wire in wires:
        wire.sendall(request("POST /login/", cookie, f"Content-Length: {len(sent)}", FORM, body=sent))
    assert ask(port, request("GET /login/")).status == 200
    with ThreadPoolExecutor(200) as readers:
        answers: list[Answer] = list(readers.map(answer_to, wires))
    for wire in wires:
        wire.close()
    refused = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {200, 503} and refused
    assert all(answer.headers["retry-after"] == "20" for answer in refused)


FORM = "Content-Type: application/x-www-form-urlencoded"


def log_in_form() -> tuple[str, bytes]:
    token = "x" * 32
    return f"Cookie: csrf={token}", f"csrfmiddlewaretoken={token}&email=dana%40acme.example&password=wrong".encode()


def test_its_heap_is_kept_and_it_ends_in_peace(tmp_path, django_db_setup):
    with web(tmp_path) as (process, _port):
        environment = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
        assert {f"{name}={value}" for name, value in KEEP_HEAP.items()} <= set(environment)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.output == ""
