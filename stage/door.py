"""Base of the fault-injecting TCP servers: modes, and a port that can close and come back.

On loopback unless told otherwise.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from threading import Condition, Lock, Thread
from typing import Any, Self

from stage.sockets import HOST, bind, close

LONGEST_LINE = 1024 * 1024
PATIENCE = 10.0  # seconds in which our own loop must have done what it was told


class Door:
    """TCP server in a thread of its own. A visit takes the next mode of the script; the last one stays.

    Its methods may be called from any thread but its own. `connections` counts all that were accepted.
    """

    MODES: tuple[str, ...] = ("ok", "refused")
    host, port = HOST, 0

    def __init__(self) -> None:
        self.connections = 0
        self.delay = 1.0  # seconds, for the mode slow
        self._script = deque(["ok"])
        self._news = Condition()
        self._switching = Lock()
        self._visits: set[asyncio.Task[None]] = set()
        self._is_open = False

    def __enter__(self) -> Self:
        self._socket = bind(0, self.host)
        self.port = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def mode(self) -> str:
        """Mode of the next visit. Setting it ends the script, and returns when the port is open or shut."""
        return self._script[0]

    @mode.setter
    def mode(self, mode: str) -> None:
        self._play([mode])

    def script(self, modes: Iterable[str]) -> None:
        modes = list(modes)
        if not modes or "refused" in modes:
            raise ValueError("a script answers visits; for a port that is shut, set the mode to refused")
        self._play(modes)

    def reset(self) -> None:
        self.mode = "ok"
        self.connections = 0

    def wait_until(self, condition: Callable[[], Any], timeout: float = 5.0, what: str = "it") -> None:
        """Wait for a condition, looking whenever something arrives. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(condition, timeout):
                raise TimeoutError(f"{type(self).__name__} waited {timeout:g} s for {what}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one visit. Ends by returning or by any OSError; the connection is closed in either case."""
        raise NotImplementedError

    def switched(self, mode: str) -> None:
        """Hook called in the server's thread after each change of mode."""

    def take(self) -> str:
        return self._script.popleft() if len(self._script) > 1 else self._script[0]

    def _play(self, modes: list[str]) -> None:
        for mode in modes:
            if mode not in self.MODES:
                raise ValueError(f"{mode!r} is no mode of {type(self).__name__}: {', '.join(self.MODES)}")
        with self._switching:
            self._do(self._switch(modes))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _switch(self, modes: list[str]) -> None:
        self._script = deque(modes)
        await (self._shut() if self.mode == "refused" else self._open())
        self.switched(self.mode)

    async def _open(self) -> None:
        if not self._is_open:
            self._socket.setblocking(False)
            self._socket.listen(1024)
            self._loop.add_reader(self._socket, self._accept)
            self._is_open = True

    async def _shut(self) -> None:
        """Cut every visit, and keep the port ours: it is bound again, but does not listen."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = bind(self.port, self.host)
            visits = list(self._visits)
            for visit in visits:
                visit.cancel()
            await asyncio.gather(*visits, return_exceptions=True)

    async def _end(self) -> None:
        await self._shut()
        self._socket.close()

    def _accept(self) -> None:
        """Accept one connection. Not asyncio's own server, which forgets whom it accepts while it is being closed."""
        with suppress(BlockingIOError, ConnectionAbortedError):
            guest, _ = self._socket.accept()
            self._note(self._count)
            visit = self._loop.create_task(self._meet(guest))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)
            visit.add_done_callback(lambda _: guest.close())

    async def _meet(self, guest: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=guest, limit=LONGEST_LINE)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):  # they hung up, or we did
                await self.serve(reader, writer)
            await close(writer)
        finally:
            writer.transport.abort()

    def _count(self) -> None:
        self.connections += 1

    def _note(self, change: Callable[[], None]) -> None:
        with self._news:
            change()
            self._news.notify_all()
