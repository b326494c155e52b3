"""As much of HTTP/1.1, requests and answers, as a server of JSON needs."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from urllib3 import HTTPHeaderDict


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    path: str
    headers: HTTPHeaderDict
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read a request. Raises IncompleteReadError when the client has hung up."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = HTTPHeaderDict()
    for name, _, value in (line.partition(":") for line in lines):
        headers.add(name, value.strip())
    if "Transfer-Encoding" in headers:
        raise ValueError("this server reads no chunks")
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return Request(method, path, headers, body)


def answer(status: int, body: Any, **headers: object) -> bytes:
    """Build an HTTP response with `body` as JSON, or as it is when it is bytes.

    Retry_After=3 is the header Retry-After: 3.
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": len(content), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", ""])
    return head.encode("latin-1") + content
