"""SMTP server that can be down, mute, slow or rude on demand, and keeps the letters it took."""

import asyncio
import email
import time
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

from stage.door import Door
from stage.smtp import Session
from stage.sockets import HOST


@dataclass(frozen=True)
class Letter:
    """One e-mail that the server took."""

    recipients: tuple[str, ...]  # of the envelope, lower case
    message: EmailMessage
    at: float = field(default_factory=time.time)


class MailServer(Door):
    """SMTP server. A connection takes the next mode, and so does each further letter on it.

    mute: accepts and never says anything. 4xx: 451 after DATA. 5xx: 550 to every RCPT.
    slow: `delay` seconds before each answer; drip: `delay` seconds before each byte of it.
    drop: hangs up within the letter, which is not kept.
    mute_after_data and reply_lost keep the letter; the first never answers, the second hangs up.
    """

    MODES = ("ok", "refused", "mute", "mute_after_data", "reply_lost", "4xx", "5xx", "slow", "drip", "drop")

    def __init__(self, host: str = HOST) -> None:
        super().__init__()
        self.host = host
        self.received: list[Letter] = []
        self._bad: frozenset[str] = frozenset()

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    @property
    def letters(self) -> list[EmailMessage]:
        return [letter.message for letter in self.received]

    def to(self, address: str) -> list[EmailMessage]:
        return [letter.message for letter in self.received if address.lower() in letter.recipients]

    def wait_for(self, address: str, count: int = 1, timeout: float = 5.0) -> list[EmailMessage]:
        """Wait for at least `count` letters to the address. Raises TimeoutError."""
        self.wait_until(lambda: len(self.to(address)) >= count, timeout, f"{count} letter(s) to {address}")
        return self.to(address)

    def bad_rcpt(self, *addresses: str) -> None:
        """Answer 550 to these addresses from now on, and only to these; none given, to none."""
        self._bad = frozenset(address.lower() for address in addresses)

    def reset(self) -> None:
        super().reset()
        self.bad_rcpt()
        self.received.clear()

    def refuses(self, address: str) -> bool:
        return address in self._bad

    def keep(self, recipients: list[str], letter: bytes) -> None:
        message = email.message_from_bytes(letter.replace(b"\r\n", b"\n"), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._note(lambda: self.received.append(Letter(tuple(recipients), message)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(self, reader, writer).talk()
