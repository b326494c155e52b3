"""TCP proxy in front of a Redis that cuts its clients off in the ways networks do."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from stage.door import Door
from stage.sockets import HOST, cut, keep_silent


@dataclass(eq=False)
class Line:
    """One proxied connection."""

    silent: bool = False  # bytes, and the end of them, vanish in both directions


class Gate(Door):
    """Proxy to the Redis at `target`. Every connection takes the next mode.

    mute: new connections are accepted and never answered, those there fall silent.
    half_open: those there fall silent, new ones work, as after a router forgot its connections.
    A line that fell silent stays so; Redis still thinks that its client is there.
    """

    MODES = ("ok", "refused", "mute", "half_open")

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = urlsplit(target)
        self._lines: set[Line] = set()

    @property
    def url(self) -> str:
        login = f"{self.target.netloc.rpartition('@')[0]}@" if "@" in self.target.netloc else ""
        return f"redis://{login}{HOST}:{self.port}/{self._database()}"

    def switched(self, mode: str) -> None:
        if mode in ("mute", "half_open"):
            for line in self._lines:
                line.silent = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.take() == "mute":
            return await keep_silent(reader)
        line = Line()
        self._lines.add(line)
        try:
            await self._connect(line, reader, writer)
        finally:
            self._lines.discard(line)

    async def _connect(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, redis = await self._reach()
        try:
            await asyncio.gather(flow(line, reader, redis), flow(line, answers, writer))
        finally:
            await cut(redis)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._is_path():
            return await asyncio.open_unix_connection(self.target.path)
        return await asyncio.open_connection(self.target.hostname, self.target.port or 6379)

    def _is_path(self) -> bool:
        return self.target.scheme in ("redis+socket", "unix")

    def _database(self) -> str:
        if self._is_path():
            asked = parse_qs(self.target.query)
            return (asked.get("virtual_host") or asked.get("db") or ["0"])[0]
        return self.target.path.strip("/") or "0"


async def flow(line: Line, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy bytes one way until the end or until the line falls silent."""
    with suppress(ConnectionError):
        while data := await source.read(65536):
            if not line.silent:
                sink.write(data)
                await sink.drain()
    if not line.silent:
        sink.close()
