"""HTTP workspace API that can be down, lose its replies or answer nonsense on demand."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from stage.door import Door
from stage.sockets import HOST, keep_silent
from stage.wire import Request, answer, read_request

PATH = "/workspaces"
GARBAGE = b'{"id": "half an ans'


class Provisioner(Door):
    """Workspace API with PUT, GET and DELETE <path>/<id>, and GET <path>. Every request takes the next mode.

    slow, drip, garbage, reply_lost do the work: after `delay` seconds; telling it a byte every
    `drip_every` seconds; in JSON that is none; hanging up instead of an answer. All others do nothing:
    mute never answers, drop hangs up, 503, 429 (`retry_after` seconds), 4xx (422) and redirect (302) refuse.
    raw says the bytes in `raw`, whatever they are, and hangs up; raw and reset cuts the connection after them,
    raw and silent leaves it open.
    """

    MODES = (
        *("ok", "refused", "mute", "drop", "503", "503 with Retry-After", "429", "4xx", "redirect"),
        *("slow", "drip", "garbage", "reply_lost", "raw", "raw and reset", "raw and silent"),
    )

    def __init__(self, token: str = "token", host: str = HOST) -> None:
        super().__init__()
        self.host = host
        self.token = token
        self.retry_after = 30
        self.page = 1000
        self.drip_every = 1.0
        self.raw = b""
        self.requests: list[Request] = []
        self.workspaces: dict[str, dict[str, Any]] = {}
        self.effects: Counter[str] = Counter()  # workspaces really made, by id

    @property
    def url(self) -> str:
        return f"http://{self.token}@{self.host}:{self.port}{PATH}"

    def wait_for(self, workspace: str, timeout: float = 5.0) -> dict[str, Any]:
        """Wait for the workspace of that id to be made. Raises TimeoutError."""
        self.wait_until(lambda: workspace in self.workspaces, timeout, f"workspace {workspace}")
        return self.workspaces[workspace]

    def wait_for_requests(self, count: int, timeout: float = 5.0) -> list[Request]:
        self.wait_until(lambda: len(self.requests) >= count, timeout, f"{count} request(s)")
        return list(self.requests)

    def reset(self) -> None:
        super().reset()
        self.requests.clear()
        self.workspaces.clear()
        self.effects.clear()
        self.page = 1000

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            mode = self.take()
            self._note(partial(self.requests.append, request))
            if mode == "mute":
                return await keep_silent(reader)
            if mode.startswith("raw"):
                return await self._say_raw(mode, reader, writer)
            if mode == "slow":
                await asyncio.sleep(self.delay)
            await self._send(writer, mode, self._respond(mode, request))

    def _respond(self, mode: str, request: Request) -> bytes:
        if refusal := self._refusals().get(mode):
            return refusal(request)
        if mode == "drop":
            raise ConnectionAbortedError(mode)
        done = self._work(request)
        if mode == "reply_lost":
            raise ConnectionAbortedError(mode)
        return answer(200, GARBAGE) if mode == "garbage" else done

    def _refusals(self) -> dict[str, Callable[[Request], bytes]]:
        wait = self.retry_after
        return {
            "503": lambda _: answer(503, {"error": "overloaded"}),
            "503 with Retry-After": lambda _: answer(503, {"error": "overloaded"}, Retry_After=wait),
            "429": lambda _: answer(429, {"error": "too many requests"}, Retry_After=wait),
            "4xx": lambda _: answer(422, {"error": "company name rejected"}),
            "redirect": lambda request: answer(302, {}, Location=f"/elsewhere{request.path}"),
        }

    async def _say_raw(self, mode: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.raw)
        await writer.drain()
        if mode == "raw and silent":
            await keep_silent(reader)
        if mode == "raw and reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def _send(self, writer: asyncio.StreamWriter, mode: str, said: bytes) -> None:
        size = 1 if mode == "drip" else len(said)
        for start in range(0, len(said), size):
            writer.write(said[start : start + size])
            await writer.drain()
            if mode == "drip":
                await asyncio.sleep(self.drip_every)

    def _work(self, request: Request) -> bytes:
        where, _, query = request.path.partition("?")
        place, _, workspace = where.rpartition("/")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return answer(401, {"error": "who are you?"})
        if where == PATH and request.method == "GET":
            return self._list(dict(parse_qsl(query)))
        if place != PATH or not workspace:
            return answer(404, {"error": "no such place"})
        if request.method == "PUT":
            return self._put(workspace, request)
        if request.method not in ("GET", "DELETE"):
            return answer(405, {"error": "no such method"})
        if workspace not in self.workspaces:
            return answer(404, {"error": "no such workspace"})
        if request.method == "DELETE":
            self._note(lambda: self._unmake(workspace))
            return answer(204, b"")
        return answer(200, self.workspaces[workspace])

    def _unmake(self, workspace: str) -> None:
        del self.workspaces[workspace]

    def _list(self, asked: dict[str, str]) -> bytes:
        """One page, in the order of the ids, of at most `page` workspaces whatever is asked for."""
        after = asked.get("after", "")
        ids = sorted(one for one in self.workspaces if one > after)
        page = ids[: min(int(asked.get("limit", self.page)), self.page)]
        following = page[-1] if len(page) < len(ids) else None
        return answer(200, {"workspaces": [{"id": one} for one in page], "next": following})

    def _put(self, workspace: str, request: Request) -> bytes:
        key = request.headers.get("Idempotency-Key")
        if not key:
            return answer(400, {"error": "an Idempotency-Key is missing"})
        known = self.workspaces.get(workspace)
        if known is None:
            made = {**(request.json if request.body else {}), "id": workspace, "key": key}
            self._note(lambda: self._make(made))
            return answer(201, {"id": workspace})
        if known["key"] != key:  # not that request again: what it says of the workspace is put right
            put_right = {**known, **(request.json if request.body else {})}
            self._note(lambda: self.workspaces.update({workspace: put_right}))
        return answer(200, {"id": workspace})

    def _make(self, workspace: dict[str, Any]) -> None:
        self.effects[workspace["id"]] += 1
        self.workspaces[workspace["id"]] = workspace
