"""Mail reader with a timeout: hands each mail to a child process, and kills it when it takes too long."""

import json
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from multiprocessing.connection import Connection
from typing import Any

from django.conf import settings

from support.inbound.mime import Facts

SECONDS = 0.8  # of the processor, for a mail; and for each megabyte:
SECONDS_A_MEGABYTE = 0.15
CROWDED = 3  # times as long by the clock, where others want the processor too
STARTING = 10.0  # seconds that a new child may take to come up


@dataclass(frozen=True)
class Found:
    """Facts of one parsed mail, with the contents of its attachments."""

    facts: Facts
    files: list[bytes]


class Reader:
    """Context manager of one child process for many mails, started when the first is read."""

    def __enter__(self) -> "Reader":
        self._child: subprocess.Popen[bytes] | None = None
        return self

    def __exit__(self, *_error: object) -> None:
        self._end()

    def read(self, view: type, content_type: str, posted: bytes) -> list[Found]:
        """Mails in a post of the mail service; none where it could not be understood in time.

        Counted is the processor's time: a busy host must not make a mail unreadable.
        """
        seconds = SECONDS + SECONDS_A_MEGABYTE * len(posted) / 1024**2
        job = {
            "view": [view.__module__, view.__qualname__],
            "content_type": content_type,
            "ours": our_addresses(),
            "seconds": seconds,
        }
        try:
            return self._ask(job, posted, seconds)
        except (EOFError, OSError):
            self._end()
            return []

    def _ask(self, job: dict[str, Any], posted: bytes, seconds: float) -> list[Found]:
        patience = CROWDED * seconds + 1
        if self._child is None:
            self._begin()
            patience += STARTING
        self._link.send_bytes(json.dumps(job).encode())
        self._link.send_bytes(posted)
        if not self._link.poll(patience):
            raise TimeoutError
        found = [Facts(**facts) for facts in json.loads(self._link.recv_bytes())]
        return [Found(facts, [self._link.recv_bytes() for _file in facts.files]) for facts in found]

    def _begin(self) -> None:
        here, there = socket.socketpair()
        with there:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "support.inbound.child", str(there.fileno())],
                cwd=settings.BASE_DIR,
                env={"PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
                start_new_session=True,
            )
        self._link = Connection(here.detach())
        self._link.send_bytes(json.dumps(keys_of_nobody()).encode())

    def _end(self) -> None:
        if self._child is not None:
            self._link.close()
            with suppress(ProcessLookupError):
                self._child.kill()
            self._child.wait()
            self._child = None


def keys_of_nobody() -> dict[str, str]:
    """Anymail's settings by name, without their values: who posted was proven before, and the child needs no key."""
    return dict.fromkeys(settings.ANYMAIL, "nobody:knocks")


def our_addresses() -> list[str]:
    """E-mail addresses of our own: those that letters of ours come from, or that come to us."""
    named = (settings.SUPPORT_EMAIL, settings.DEFAULT_FROM_EMAIL, settings.OWNER_EMAIL)
    return [parseaddr(address)[1].lower() for address in named]
