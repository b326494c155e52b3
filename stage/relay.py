"""TCP relay to a real server that can stop carrying bytes without telling either side."""

import asyncio
from pathlib import Path

from stage.door import Door


class Relay(Door):
    """Forwards to a unix socket or to (host, port). Dark: what is sent is taken and goes nowhere, nothing is closed.

    The kernel here goes on acknowledging, so this is a server that is frozen rather than a cable that is cut.
    """

    MODES = ("ok", "dark", "refused")

    def __init__(self, to: Path | tuple[str, int]) -> None:
        super().__init__()
        self.to = to
        self._lit = asyncio.Event()
        self._lit.set()

    def switched(self, mode: str) -> None:
        if mode == "dark":
            self._lit.clear()
        else:
            self._lit.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self.to, Path):
            there, to_there = await asyncio.open_unix_connection(self.to)
        else:
            there, to_there = await asyncio.open_connection(*self.to)
        ways = [asyncio.create_task(self._carry(reader, to_there)), asyncio.create_task(self._carry(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_there.transport.abort()

    async def _carry(self, one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
        while True:
            said = await one.read(65536)
            await self._lit.wait()
            if not said:
                return
            other.write(said)
            await other.drain()
