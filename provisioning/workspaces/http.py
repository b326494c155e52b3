"""HTTP workspace backend (`https://token@host/path`): a platform's own interface (docs/workspace-api.md).

PUT makes a workspace and puts it right, DELETE ends it, GET lists them a page at a time.
"""

import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit
from uuid import UUID

import urllib3

from accounts.models import Account
from provisioning.deadline import deadline, watch
from provisioning.exceptions import StepFailed
from provisioning.models import Step
from provisioning.workspaces.answer import Answer, check_gone, page_in, reference_in

TIMEOUT = urllib3.Timeout(connect=3, read=8)
HEAD_SECONDS = 10.0
ANSWER_SECONDS = 8.0  # for the rest
LONGEST_ANSWER = 64 * 1024  # bytes
MOST_HINTS = 8
PAGE = 1000  # workspaces a page
LONGEST_PAGE = 1024 * 1024  # bytes
MOST_PAGES = 10_000


def create(step: Step, url: str) -> str:
    """PUT <path>/<account id> with the step's key, so that a reply lost on the way is safe to repeat.

    2xx: created, or there already. 409: there already. Raises StepFailed for everything else.
    """
    return _put(step.account, step.key, url)


def update(account: Account, key: UUID, url: str) -> str:
    """PUT the details of an account whose workspace is there, after they were put right. Raises StepFailed.

    The key is another than when it was made: it is not that request again. A service that keeps no details says 409.
    """
    return _put(account, key, url)


def _put(account: Account, key: UUID, url: str) -> str:
    place, headers = target(url)
    body = {"company": account.company, "name": account.name, "email": account.email}
    headers = headers | {"Idempotency-Key": str(key)}
    return reference_in(ask("PUT", f"{place}/{account.pk}", headers, json=body), str(account.pk))


def delete(account_id: UUID, key: UUID, url: str) -> str:
    """DELETE <path>/<account id>: 2xx, 404 and 410 say that it is gone. Raises StepFailed for everything else."""
    place, headers = target(url)
    answer = ask("DELETE", f"{place}/{account_id}", headers | {"Idempotency-Key": str(key)})
    check_gone(answer)
    return str(account_id)


def listed(url: str) -> Iterator[str]:
    """Ids of the workspaces that the service has, from GET <path>?limit=…&after=…, a page at a time.

    Raises StepFailed where a page cannot be had or read.
    """
    place, headers = target(url)
    after = ""
    for _page in range(MOST_PAGES):
        query = urlencode({"limit": PAGE} | ({"after": after} if after else {}))
        ids, following = page_in(ask("GET", f"{place}?{query}", headers, most=LONGEST_PAGE))
        yield from ids
        if not following:
            return
        if following == after:
            raise StepFailed("the workspace service names the same page again and again", failure="between")
        after = following
    raise StepFailed(f"the workspace service lists more than {MOST_PAGES} pages", failure="between")


def ask(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    who: str = "the workspace service",
    most: int = LONGEST_ANSWER,
    **body: Any,
) -> Answer:
    """Send one request and read the answer, with a limit for each part of it; redirects are not followed.

    Raises StepFailed where there is no answer. What it means is for the caller to say.
    """
    try:
        answer = pool().request(method, url, headers=headers, preload_content=False, redirect=False, **body)
    except urllib3.exceptions.TimeoutError as error:
        raise StepFailed(f"{who} did not answer in time", failure="timeout", outage=True) from error
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise StepFailed(
            f"{who} could not be reached ({type(error).__name__})",
            failure="refused",
            outage=True,
        ) from error
    return _read(answer, most)


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


def _read(answer: Any, most: int) -> Answer:
    """Read an answer: the head, and what is said within ANSWER_SECONDS and `most` bytes.

    A service that drips is cut off. Once the head is there the status decides; whatever is missing of the words is
    not worth another try.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    said, whole = b"", False
    try:
        while len(said) <= most and time.monotonic() < deadline:
            piece = answer.read1(16 * 1024)
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
