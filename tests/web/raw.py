"""Bytes on a connection, as no browser would send them."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode() + body


# A form without the cookie is refused unread, and one without its type is none.
READ = (f"Cookie: csrf={'x' * 32}", "Content-Type: application/x-www-form-urlencoded")
HALVES = {
    "idle": b"",
    "half heads": b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nX-A: b",
    "half bodies": request("POST /login/", "Content-Length: 1000000", *READ, body=b"x" * 500_000),
}


def answer_to(wire: socket.socket, method: str = "GET") -> Answer:
    heard = HTTPResponse(wire, method=method)
    heard.begin()
    return Answer(heard.status, {name.lower(): value for name, value in heard.getheaders()}, heard.read())


def ask(port: int, sent: bytes, method: str = "GET") -> Answer:
    with connect(port) as wire:
        wire.sendall(sent)
        return answer_to(wire, method)


def is_open(wire: socket.socket) -> bool:
    """Whether the other side neither closed nor said anything."""
    wire.setblocking(False)
    try:
        wire.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def is_closed(wire: socket.socket) -> bool:
    wire.settimeout(60)
    with suppress(OSError):
        return wire.recv(1) == b""
    return True
