"""SMTP session of one client with the fault-injecting mail server."""

import asyncio
import re
from typing import TYPE_CHECKING

from stage.sockets import keep_silent

if TYPE_CHECKING:
    from stage.mail import MailServer

FIXED = {
    "EHLO": "250-world\r\n250-8BITMIME\r\n250 SMTPUTF8",
    "HELO": "250 world",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


class Session:
    """One client's SMTP dialogue, in the mode that the server gives it."""

    def __init__(self, server: "MailServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.mode: str | None = None
        self.recipients: list[str] = []
        self.verbs = {"MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data, "RSET": self._rset}

    async def talk(self) -> None:
        await self._take_mode()
        await self._say("220 world ESMTP")
        verb = ""
        while verb != "QUIT" and (line := await self.reader.readline()):
            verb, _, rest = line.decode(errors="replace").strip().partition(" ")
            verb = verb.upper()
            if verb in self.verbs:
                await self.verbs[verb](rest)
            else:
                await self._say(FIXED.get(verb, "502 not spoken here"))

    async def _say(self, answer: str) -> None:
        if self.mode == "slow":
            await asyncio.sleep(self.server.delay)
        if self.mode == "drip":
            for byte in answer.encode():
                await asyncio.sleep(self.server.delay)
                self.writer.write(bytes([byte]))
                await self.writer.drain()
            answer = ""
        self.writer.write(answer.encode() + b"\r\n")
        await self.writer.drain()

    async def _take_mode(self) -> None:
        self.mode = self.server.take()
        if self.mode == "mute":
            await keep_silent(self.reader)
            raise ConnectionAbortedError("mute")

    async def _mail(self, _: str) -> None:
        if self.mode is None:
            await self._take_mode()
        self.recipients = []
        await self._say("250 ok")

    async def _rcpt(self, rest: str) -> None:
        address = re.sub(r"^TO:\s*<?([^>\s]*).*$", r"\1", rest, flags=re.IGNORECASE).lower()
        if self.mode == "5xx" or self.server.refuses(address):
            await self._say("550 no such mailbox here")
        else:
            self.recipients.append(address)
            await self._say("250 ok")

    async def _data(self, _: str) -> None:
        if not self.recipients:
            return await self._say("503 RCPT first")
        await self._say("354 go on")
        await self._settle(await self._letter())
        self.mode = None

    async def _letter(self) -> bytes:
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line or self.mode == "drop":
                raise ConnectionAbortedError("within the letter")
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    async def _settle(self, letter: bytes) -> None:
        if self.mode == "4xx":
            return await self._say("451 try again later")
        self.server.keep(self.recipients, letter)
        if self.mode == "mute_after_data":
            await keep_silent(self.reader)
        if self.mode in ("mute_after_data", "reply_lost"):
            raise ConnectionAbortedError("after the letter")
        await self._say("250 kept")

    async def _rset(self, _: str) -> None:
        self.recipients, self.mode = [], None
        await self._say("250 ok")
