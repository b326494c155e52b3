"""Waitress as we set it up, before a small application: what a connection may cost, and what is said to it."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from config import web
from stage.processes import wait_until
from tests.web.raw import answer_to, ask, connect, is_closed, is_open, request

go_on = Event()


def small(environ, start_response):
    """/slow waits to be let go; everything else answers at once with what it was sent."""
    if environ["PATH_INFO"] == "/slow":
        go_on.wait(60)
    if web.TOO_LARGE in environ:
        start_response("413 Too Large", [])
        return [b"our page"]
    seen = environ["wsgi.input"].read().decode()
    told = f"{environ.get('HTTP_X_FORWARDED_FOR')} {environ.get('HTTP_X_FORWARDED_PROTO')} {len(seen)}"
    start_response("200 OK", [])
    return [told.encode()] if environ["PATH_INFO"] != "/pieces" else iter([b"one", b"two"])


@contextmanager
def serving(connections: int = 100) -> Iterator[web.Server]:
    go_on.clear()
    server = web.Server(small, web.listen("127.0.0.1", 0), web.adjustments("localhost", connections))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        go_on.set()
        server.stopping = True
        server.pull_trigger()
        thread.join(20)


@pytest.fixture
def server() -> Iterator[web.Server]:
    with serving() as one:
        yield one


@pytest.fixture
def port(server: web.Server) -> int:
    return int(server.effective_port)


def test_proxy_headers_are_left_to_our_own_settings(port):
    answer = ask(port, request("GET /", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https"))
    assert answer.body == b"1.2.3.4 https 0"


def test_it_does_not_say_who_it_is(port):
    for sent in (request("GET /"), b"nonsense\r\n\r\n"):
        answer = ask(port, sent)
        assert not {"server", "via"} & set(answer.headers)
        assert b"waitress" not in answer.body


UNREADABLE = {
    "no request": (400, b"nonsense\r\n\r\n"),
    "a header that is none": (400, request("GET /", "nonsense")),
    "two lengths": (400, request("POST /", "Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    "a length twice": (400, request("POST /", "Content-Length: 5", "Content-Length: 6", body=b"hello")),
    "chunks in HTTP/1.0": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a length below zero": (400, request("POST /", "Content-Length: -5")),
    "no chunk": (400, request("POST /", "Transfer-Encoding: chunked", body=b"zz\r\n")),
    "an unknown coding": (501, request("POST /", "Transfer-Encoding: gzip", body=b"0\r\n\r\n")),
    "long headers": (431, request("GET /", f"Cookie: {'x' * 40_000}")),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_told_so_in_a_sentence(port, name):
    status, sent = UNREADABLE[name]
    answer = ask(port, sent)
    assert (answer.status, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert answer.body.decode() == f"{web.WORDS[status]}\n"
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 300000000"], b"x" * 3_000_000),
        (["Content-Length: 300000000", "Expect: 100-continue"], b""),
        (["Transfer-Encoding: chunked"], b"100000\r\n" + b"x" * 0x100000 + b"\r\n" + b"100000\r\n"),
    ],
    ids=["a length", "asked before", "chunks"],
)
def test_too_long_a_body_gets_the_page_of_the_application_before_it_is_there(port, headers, body):
    answer = ask(port, request("POST /", *headers, body=body))
    assert (answer.status, answer.body) == (413, b"our page")


def test_who_was_refused_can_read_why_though_he_goes_on_sending(server, port):
    with connect(port) as wire:
        wire.sendall(request("POST /", "Content-Length: 300000000"))
        for _ in range(200):
            wire.sendall(b"x" * 100_000)
        assert answer_to(wire).status == 413


def test_who_goes_on_for_ever_is_not_listened_to_for_ever(server, port, monkeypatch):
    monkeypatch.setattr(web, "LINGER", -1)
    with connect(port) as wire:
        wire.sendall(request("POST /", "Content-Length: 300000000"))
        assert answer_to(wire).status == 413
        look_at_all(server)
        wait_until(lambda: not server.active_channels)


def test_head_is_answered_without_a_body(port):
    with connect(port) as wire:
        wire.sendall(request("HEAD /"))
        answer = answer_to(wire, "HEAD")
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "11")
        wire.sendall(request("GET /"))
        assert answer_to(wire).body == b"None None 0"
    with connect(port) as wire:
        wire.sendall(request("HEAD /pieces"))
        assert b"".join(iter(lambda: wire.recv(1000), b"")).endswith(b"\r\n\r\n")


def test_a_body_arrives_whole(port):
    body = b"x" * 900_000
    assert ask(port, request("POST /", f"Content-Length: {len(body)}", body=body)).body == b"None None 900000"
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    assert ask(port, request("POST /", "Transfer-Encoding: chunked", body=chunks)).body == b"None None 5"


def test_whoever_has_been_silent_longest_makes_room():
    with serving(connections=10) as server:
        port = int(server.effective_port)
        lines = [connect(port) for _ in range(30)]
        assert ask(port, request("GET /")).status == 200
        assert is_closed(lines[0]) and is_open(lines[-1])
        for line in lines:
            line.close()


def look_at_all(server: web.Server, later: float = 0.0) -> None:
    server.maintenance(time.time() + later)
    server.pull_trigger()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", request("POST /", "Content-Length: 9", body=b"x")])
def test_an_unfinished_request_is_given_up(server, port, sent):
    with connect(port) as wire:
        wire.sendall(sent)
        wait_until(lambda: server.active_channels)
        look_at_all(server, web.IDLE - 5)
        assert ask(port, request("GET /")).status == 200 and is_open(wire)
        look_at_all(server, web.IDLE + 5)
        assert is_closed(wire)


def test_a_drip_does_not_keep_a_request_alive(server, port):
    with connect(port) as wire:
        wire.sendall(b"GET / HT")
        wait_until(lambda: any(each.request for each in server.active_channels.values()))
        for channel in server.active_channels.values():
            channel.last_activity += 10 * web.WHOLE
        look_at_all(server, web.WHOLE + 5)
        assert is_closed(wire)


def test_strangers_large_bodies_have_only_so_much_disk(server, port, monkeypatch):
    monkeypatch.setattr(web, "ON_DISK", 1_000_000)
    with connect(port) as wire:
        wire.sendall(request("POST /", "Content-Length: 900000", body=b"x"))
        wait_until(lambda: any(each.request for each in server.active_channels.values()))
        answer = ask(port, request("POST /", "Content-Length: 900000"))
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")
        assert ask(port, request("POST /", "Content-Length: 5", body=b"hello")).status == 200


def busy(server: web.Server, wires: list[socket.socket]) -> Callable[[], bool]:
    return lambda: sum(bool(each.requests) for each in server.active_channels.values()) == len(wires)


def test_a_process_all_of_whose_threads_are_busy_is_alive(server, port, settings):
    wires = [connect(port) for _ in range(settings.WEB_THREADS + 1)]
    for wire in wires:
        wire.sendall(request("GET /slow"))
    wait_until(busy(server, wires))
    assert ask(port, request("GET /healthz")).status == 200
    go_on.set()
    assert [answer_to(wire).status for wire in wires] == [200] * len(wires)


def test_who_hangs_up_leaves_nothing_behind(server, port):
    with connect(port) as wire:
        wire.sendall(request("GET /slow"))
        wait_until(busy(server, [wire]))
    go_on.set()
    wait_until(lambda: not server.active_channels)


def test_when_stopped_it_ends_what_it_has_taken_and_takes_no_more(server, port):
    with connect(port) as wire, connect(port) as idle:
        wire.sendall(request("GET /slow"))
        wait_until(busy(server, [wire]))
        server.stopping = True
        server.pull_trigger()
        wait_until(lambda: server.socket is None)
        with pytest.raises(OSError):
            connect(port)
        go_on.set()
        assert (answer_to(wire).status, is_open(idle)) == (200, True)


@pytest.mark.parametrize("files, most", [(20_000, 4096), (1024, 256), (100, 1)])
def test_no_more_connections_than_files(files, most):
    assert web.connections_for(files) == most


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::]"])
def test_it_listens_where_it_is_told(host):
    with web.listen(host, 0) as door:
        there = "::1" if host == "[::1]" else "127.0.0.1"
        socket.create_connection((there, door.getsockname()[1]), timeout=5).close()
