"""Classification of an HTTP answer: the workspace service's own or not, about this person or not, and its words.

Whatever stands between (a proxy, a firewall, a login page, a parked domain) answers, too, in pages. What it
says is about nobody: it is neither a workspace nor a refusal of a person. Pure: bytes in, words out.
"""

import codecs
import html
import json
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from provisioning.exceptions import StepFailed, seconds
from provisioning.sanitize import storable

MADE_ALREADY = 409
GONE = frozenset({404, 410})
# What a service can say of one person or company. Any other 4xx is about the request, the place, the token or
# the hour: it would have hit everybody.
ABOUT_THEM = frozenset({400, 402, 410, 422, 423, 424, 451})
TOKEN_REFUSED = frozenset({401, 403})
NOT_NOW = frozenset({404, 408, 425, 429})
LONGEST_ID = 200
LONGEST_REASON = 200
LONGEST_LOOK = 8 * 1024  # bytes that are read for words
DEEPEST = 4
TELLING = ("title", "detail", "message", "error", "errors", "reason", "description")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PAGE = re.compile(r"\s*<[a-z!?]|<(!doctype|html|head|title|body|script|meta|center|h1)\b", re.IGNORECASE)
UNSEEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[a-z/!?][^<>]*(>|\Z)", re.IGNORECASE)
NO_WORDS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufffd]+")


@dataclass(frozen=True)
class Answer:
    """HTTP answer: status, headers (in lower case) and as much of the body as came; `whole`: nothing was cut."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def reference_in(answer: Answer, fallback: str) -> str:
    """The reference of a workspace that is there now. Raises StepFailed for every other answer."""
    text = _text(answer)
    parsed = _parsed(text)
    if _is_a_page(answer, text, parsed):
        raise _failed(answer, text, parsed, _class_of(answer.status))
    if answer.status == MADE_ALREADY:
        return fallback
    if 200 <= answer.status < 300:
        return _id_in(parsed) or fallback
    if answer.status in ABOUT_THEM:
        raise _failed(answer, text, parsed, "4xx", permanent=True)
    raise _failed(answer, text, parsed, _class_of(answer.status))


def check_gone(answer: Answer) -> None:
    """Return where a DELETE was answered with done, or not there. Raises StepFailed for every other answer.

    A page says nothing of a workspace, whatever its code.
    """
    text = _text(answer)
    parsed = _parsed(text)
    if _is_a_page(answer, text, parsed):
        raise _failed(answer, text, parsed, "between")
    if not (200 <= answer.status < 300 or answer.status in GONE):
        raise _failed(answer, text, parsed, _class_of(answer.status))


def page_in(answer: Answer) -> tuple[list[str], str]:
    """Ids on a page of the list of workspaces, and what the next page is asked for by. Raises StepFailed.

    A page that is cut or has another shape is no list: who is not on it must not be called lost.
    """
    text = _text(answer)
    parsed = _parsed(text)
    if not 200 <= answer.status < 300:
        raise _failed(answer, text, parsed, _class_of(answer.status))
    rows = parsed.get("workspaces") if isinstance(parsed, dict) else None
    ids = [_id_in(row) for row in rows] if isinstance(rows, list) else []
    following = parsed.get("next") if isinstance(parsed, dict) else None
    if not isinstance(rows, list) or not all(ids) or not isinstance(following, str | None):
        raise StepFailed("the workspace service answered with no list of workspaces", failure="between", outage=True)
    return ids, following or ""


def not_taken(answer: Answer, who: str) -> StepFailed:
    """The failure that an answer stands for where each is about the receiver and none about a person."""
    text = _text(answer)
    return StepFailed(
        f"{who} said {answer.status} {_words(text, _parsed(text))}".strip()[:LONGEST_REASON],
        failure=f"{answer.status // 100}xx",
        outage=True,
        retry_after=_wait(answer.headers),
    )


def _failed(answer: Answer, text: str, parsed: Any, failure: str, permanent: bool = False) -> StepFailed:
    who = "something before the workspace service" if failure == "between" else "the workspace service"
    return StepFailed(
        f"{who} said {answer.status} {_words(text, parsed)}".strip()[:LONGEST_REASON],
        permanent=permanent,
        failure=failure,
        outage=not permanent,
        retry_after=_wait(answer.headers),
    )


def _class_of(status: int) -> str:
    if status in TOKEN_REFUSED:
        return "token refused"
    if status in NOT_NOW or 300 <= status < 400 or 500 <= status < 600:
        return f"{status // 100}xx"
    return "between"


def _is_a_page(answer: Answer, text: str, parsed: Any) -> bool:
    """True if the answer is a page, not the service's own.

    JSON under any name is the service's; a page is not, nor is a picture, nor a page of which nothing came.
    """
    if parsed is not None or text.lstrip()[:1] in ("{", "["):
        return False
    cut_off = "html" in answer.media_type and not answer.whole
    picture = answer.media_type.startswith(("image/", "audio/", "video/", "font/"))
    return cut_off or picture or bool(PAGE.match(text) or PAGE.search(text, 0, 1024))


def _id_in(parsed: Any) -> str:
    """The `id` of an answer if it can be kept as it is, or none: a mended one would name nothing."""
    found = parsed.get("id") if isinstance(parsed, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    fits = isinstance(found, str) and found.isprintable() and found == storable(found, LONGEST_ID)
    return found.strip() if isinstance(found, str) and fits else ""


def _text(answer: Answer) -> str:
    """Body as text.

    Marks at the start and the look of the bytes are believed before what the headers say of them.
    """
    body = _unzipped(answer.body)
    named = re.search(r"charset=[\"']?([\w.:-]+)", answer.headers.get("content-type", ""), re.IGNORECASE)
    for charset in (*_looks_like(body), named[1] if named else "utf-8"):
        with suppress(LookupError, ValueError):
            return str(body.decode(charset, errors="replace"))
    return body.decode(errors="replace")


def _unzipped(body: bytes) -> bytes:
    """Body, unzipped where it is gzip without saying so."""
    if body.startswith(b"\x1f\x8b"):
        with suppress(zlib.error):
            return zlib.decompressobj(wbits=31).decompress(body, 8 * LONGEST_LOOK)
    return body


def _looks_like(body: bytes) -> list[str]:
    marked = [charset for mark, charset in MARKS if body.startswith(mark)][:1]
    if marked or len(body) < 4 or not body[:4].count(0):
        return marked
    return ["utf-16-be" if not body[0] else "utf-16-le"] if 0 in (body[0] + body[2], body[1] + body[3]) else []


def _parsed(text: str) -> Any:
    """Body parsed as JSON; None where it is no JSON, or JSON that says nothing."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _words(text: str, parsed: Any) -> str:
    said = text if parsed is None else ": ".join(_told(parsed, DEEPEST))
    said = said[:LONGEST_LOOK]
    seen = TAG.sub(" ", UNSEEN.sub(" ", said))
    return NO_WORDS.sub(" ", storable(TAG.sub(" ", html.unescape(seen)), LONGEST_LOOK)).strip()


def _told(parsed: Any, depth: int) -> list[str]:
    """Texts in which a JSON problem says something about itself, wherever it keeps them."""
    if isinstance(parsed, str | int | float):
        return [str(parsed)] if not isinstance(parsed, bool) else []
    if isinstance(parsed, list):
        parsed = dict(enumerate(parsed[:DEEPEST]))
    if not isinstance(parsed, dict) or not depth:
        return []
    telling = [key for key in TELLING if parsed.get(key)] or list(parsed)[:DEEPEST]
    told = [words for key in telling for words in _told(parsed[key], depth - 1)]
    return list(dict.fromkeys(told))


def _wait(headers: Mapping[str, str]) -> int | None:
    """Retry-After in seconds; a date in it is read by the clock of whoever sent it, not by ours."""
    asked = headers.get("retry-after", "")
    until, now = _moment(asked), _moment(headers.get("date", ""))
    if until and now:
        return seconds(max(0.0, (until - now).total_seconds()))
    return seconds(asked)


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else None
