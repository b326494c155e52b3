"""HTTP workspace backend (`https://token@host/path`): a platform's own interface, asked by an idempotent PUT."""

import http.client
import socket
import time
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from provisioning.deadline import deadline, watch
from provisioning.exceptions import StepFailed
from provisioning.models import Step
from provisioning.workspaces.answer import Answer, reference_in

TIMEOUT = urllib3.Timeout(connect=3, read=8)
HEAD_SECONDS = 10.0
ANSWER_SECONDS = 8.0  # for the rest
LONGEST_ANSWER = 64 * 1024  # bytes
MOST_HINTS = 8


def create(step: Step, url: str) -> str:
    """PUT <path>/<account id> with the step's key, so that a reply lost on the way is safe to repeat.

    2xx: created, or there already. 409: there already. Raises StepFailed for everything else.
    """
    place, headers = target(url)
    body = {"company": step.account.company, "name": step.account.name, "email": step.account.email}
    try:
        answer = pool().request(
            "PUT",
            f"{place}/{step.account_id}",
            json=body,
            headers=headers | {"Idempotency-Key": str(step.key)},
            preload_content=False,
        )
    except urllib3.exceptions.TimeoutError as error:
        raise StepFailed("the workspace service did not answer in time", failure="timeout", outage=True) from error
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise StepFailed(
            f"the workspace service could not be reached ({type(error).__name__})",
            failure="refused",
            outage=True,
        ) from error
    return reference_in(_read(answer), str(step.account_id))


def listed(url: str) -> Iterator[str]:
    """Raises StepFailed: a service that only makes workspaces has no list of them."""
    raise StepFailed("the workspace service has no list")


class _LastAnswer(http.client.HTTPResponse):
    """HTTP response that reads past every 1xx to the answer itself.

    Python skips 100 only: after a 103 the next person on that connection would be told what was meant for this one.
    """

    def _read_status(self):
        for _ in range(MOST_HINTS):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 102 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {MOST_HINTS} hints and no answer")


class _InTime:
    """Connection with a time limit for the whole head: the library's is for each byte of it."""

    response_class: Any = _LastAnswer
    sock: socket.socket | None

    def getresponse(self):
        with deadline(HEAD_SECONDS):
            watch(self.sock)
            return super().getresponse()  # type: ignore[misc]


class _Connection(_InTime, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_InTime, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def pool() -> urllib3.PoolManager:
    """Connection pools of this process, without retries."""
    manager = urllib3.PoolManager(maxsize=64, timeout=TIMEOUT, retries=False)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


@cache
def target(url: str) -> tuple[str, dict[str, str]]:
    """Base URL of the workspace service, and the headers with its token."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    token = unquote(parts.username or "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}", headers


def _read(answer: Any) -> Answer:
    """Read an answer: the head, and what is said within ANSWER_SECONDS and LONGEST_ANSWER.

    A service that drips is cut off. Once the head is there the status decides; whatever is missing of the words is
    not worth another try.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    said, whole = b"", False
    try:
        while len(said) <= LONGEST_ANSWER and time.monotonic() < deadline:
            piece = answer.read1(1024)
            said, whole = said + piece, not piece
            if whole:
                break
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
        pass  # cut, broken chunks, no gzip: see above
    finally:
        if not whole:
            answer.close()
        answer.release_conn()
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, headers, said, whole)
