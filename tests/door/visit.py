"""One request, and everything that a stranger could tell from it."""

import re
from dataclasses import dataclass
from unittest.mock import patch

import argon2
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import hashers
from accounts.middleware.preferences import default_zone
from tests.people import PASSWORD

WHO = {"name": "Dana Sommer", "phone": "+49 30 901820", "company": "Acme", "password": PASSWORD}
CHANGES_ANYWAY = ("Set-Cookie", "Date", "Expires", "Content-Length")
CSRF = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')


@dataclass(frozen=True)
class Seen:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...]
    queries: tuple[str, ...]
    hashes: int

    @property
    def text(self) -> str:
        return self.body.decode()


def visit(client: Client, method: str, path: str, data: dict | None = None, echo: str = "") -> Seen:
    """`echo`: the address that was typed; it may come back, and is taken out."""
    hashes: list[int] = []
    cache.delete("outages")  # else the second of two might be spared a look
    default_zone()  # else the first of two would have one more
    low = argon2.low_level
    with (
        CaptureQueriesContext(connection) as queries,
        patch.object(hashers, "core", counted(hashers.core, hashes)),
        patch.object(low, "hash_secret", counted(low.hash_secret, hashes)),
        patch("argon2._password_hasher.verify_secret", counted(low.verify_secret, hashes)),
    ):
        answer = getattr(client, method)(path, data or {})
    body = CSRF.sub(b"", answer.content).replace(echo.encode(), b"ECHO") if echo else CSRF.sub(b"", answer.content)
    headers = {name: value for name, value in answer.headers.items() if name not in CHANGES_ANYWAY}
    return Seen(
        answer.status_code,
        headers,
        body.replace(echo.replace("@", "%40").encode(), b"ECHO") if echo else body,
        tuple(sorted(answer.cookies)),
        tuple(shape(query["sql"]) for query in queries.captured_queries),
        len(hashes),
    )


def counted(function, calls):
    def count(*args, **kwargs):
        calls.append(1)
        return function(*args, **kwargs)

    return count


def shape(sql: str) -> str:
    """What kind of statement it is, and of which table."""
    table = re.search(r"\b(?:accounts|provisioning|support|django)_\w+", sql)
    return f"{sql.split()[0]} {table.group() if table else ''}"
