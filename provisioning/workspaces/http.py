"""`https://token@host/path`: an interface of the platform's own, asked by an idempotent PUT."""

import json
import time
from functools import cache
from urllib.parse import unquote, urlsplit

import urllib3

from provisioning.failures import StepFailed
from provisioning.models import Step

TIMEOUT = urllib3.Timeout(connect=3, read=8)
ANSWER_SECONDS = 8.0
LONGEST_ANSWER = 64 * 1024  # bytes


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
        return _read(answer, str(step.account_id))
    except urllib3.exceptions.TimeoutError as error:
        raise StepFailed("the workspace service did not answer in time", failure="timeout", outage=True) from error
    except urllib3.exceptions.HTTPError as error:
        raise StepFailed(
            f"the workspace service could not be reached ({type(error).__name__})",
            failure="refused",
            outage=True,
        ) from error


@cache
def pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=64, timeout=TIMEOUT, retries=False)


@cache
def target(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    token = unquote(parts.username or "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}", headers


def _read(answer, fallback: str) -> str:
    said = _body(answer)
    if answer.status == 409:
        return fallback
    if 200 <= answer.status < 300:
        return _reference(said, fallback)
    raise _refusal(answer.status, said, answer.headers.get("Retry-After", ""))


def _body(answer) -> bytes:
    """What is said within ANSWER_SECONDS and LONGEST_ANSWER; a service that drips is cut off, not waited for.

    The status decides; whatever is missing of the words is not worth another try.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    said = b""
    try:
        for piece in answer.stream(1024):
            said += piece
            if len(said) > LONGEST_ANSWER or time.monotonic() > deadline:
                answer.close()
                break
    finally:
        answer.release_conn()
    return said


def _reference(said: bytes, fallback: str) -> str:
    """The `id` of the answer, if it is JSON that has one. It is a success either way."""
    try:
        parsed = json.loads(said)
    except ValueError:
        return fallback
    found = parsed.get("id") if isinstance(parsed, dict) else None
    return str(found)[:200] if found else fallback


def _refusal(status: int, said: bytes, retry_after: str) -> StepFailed:
    ours = status >= 500 or status in (401, 403, 404, 408, 425, 429) or 300 <= status < 400
    words = said.decode(errors="replace")[:200]
    return StepFailed(
        f"the workspace service said {status} {words}".strip(),
        permanent=not ours,
        failure=f"{status // 100}xx",
        outage=ours,
        retry_after=int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None,
    )
