"""HTTP client of the canary: a browser with cookies that fills in forms, each page within a limit."""

import re
import time
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from accounts.canary import mark

SOCKET_SECONDS = 10.0
PAGE_SECONDS = 20.0
LONGEST_PAGE = 1024 * 1024  # bytes
MOST_REDIRECTS = 5
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class NoPage(Exception):
    """No page came: the message says why."""


class Page(NamedTuple):
    """One page, and where it was found in the end."""

    status: int
    path: str
    body: str


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


class Visitor:
    """A browser on one site."""

    def __init__(self, site: str) -> None:
        self.site = site
        self._open = build_opener(HTTPCookieProcessor(CookieJar()), _NoRedirects()).open

    def get(self, path: str) -> Page:
        """Open a page. Raises NoPage."""
        return self._follow(Request(urljoin(self.site, path)))

    def post(self, path: str, fields: dict[str, str]) -> Page:
        """Open the page of a form, fill it in and send it. Raises NoPage."""
        form = self.get(path)
        token = TOKEN.search(form.body)
        if form.status != 200 or not token:
            return form
        data = urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
        where = urljoin(self.site, path)
        return self._follow(Request(where, data, {"Referer": where}))

    def _follow(self, request: Request) -> Page:
        for _redirect in range(MOST_REDIRECTS):
            status, body, location = self._ask(request)
            if not location:
                return Page(status, urlsplit(request.full_url).path, body)
            where = urljoin(request.full_url, location)
            if urlsplit(where)[:2] != urlsplit(self.site)[:2]:
                raise NoPage(f"it leads away, to {urlsplit(where).netloc}")
            request = Request(where)
        raise NoPage("it leads on and on")

    def _ask(self, request: Request) -> tuple[int, str, str]:
        for name, value in mark().items():
            request.add_header(name, value)
        until = time.monotonic() + PAGE_SECONDS
        try:
            try:
                answer: Any = self._open(request, timeout=SOCKET_SECONDS)
            except HTTPError as error:
                answer = error
            with answer:
                body = b""
                while (piece := answer.read1(65536)) and len(body) < LONGEST_PAGE:
                    body += piece
                    if time.monotonic() > until:
                        raise TimeoutError("it drips")
                location = answer.headers.get("Location", "") if 300 <= answer.status < 400 else ""
                return answer.status, body.decode(errors="replace"), location
        except (OSError, HTTPException, ValueError) as error:
            raise NoPage(f"{type(error).__name__}: {error}"[:200]) from error
