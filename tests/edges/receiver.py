"""The product's receiver of events: a small real server that keeps what it takes, and fails by its script."""

import asyncio
from functools import partial

from stage.door import Door
from stage.sockets import keep_silent
from stage.wire import Request, answer, read_request


class Receiver(Door):
    """HTTP server that answers each POST by the next mode. `requests` are all that came, `taken` those answered 204.

    mute never answers; long says more than anybody wants to read; reply_lost takes it and hangs up.
    """

    MODES = ("ok", "refused", "mute", "drop", "400", "410", "429", "500", "503", "redirect", "long", "reply_lost")

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.taken: list[Request] = []
        self.retry_after: int | None = 120

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/arrivals?of=acme"

    @property
    def told(self) -> list[tuple[str, str]]:
        """Type of each event that was taken, and the account's id."""
        return [(request.json["type"], request.json["data"]["id"]) for request in self.taken]

    def reset(self) -> None:
        super().reset()
        self.requests.clear()
        self.taken.clear()
        self.retry_after = 120

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            mode = self.take()
            self._note(partial(self.requests.append, request))
            if mode == "mute":
                return await keep_silent(reader)
            if mode in ("ok", "reply_lost"):
                self._note(partial(self.taken.append, request))
            if mode in ("drop", "reply_lost"):
                raise ConnectionAbortedError(mode)
            writer.write(self._says(mode))
            await writer.drain()

    def _says(self, mode: str) -> bytes:
        if mode == "ok":
            return answer(204, b"")
        if mode == "redirect":
            return answer(307, b"", Location=f"http://127.0.0.1:{self.port}/elsewhere")
        if mode == "long":
            return answer(500, b"x" * 10_000_000)
        wait = {} if mode != "429" or self.retry_after is None else {"Retry_After": self.retry_after}
        return answer(int(mode), {"error": f"the product said {mode}"}, **wait)
