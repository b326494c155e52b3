"""HTTP client that acts as a person with a browser: fills in forms, follows redirects, reads the page. No Django."""

import html
import re
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from time import monotonic
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from stage.processes import wait_until


class NoRedirects(HTTPRedirectHandler):
    """Redirect handler that follows none."""

    def redirect_request(self, *_args):
        return None


@dataclass(frozen=True)
class Page:
    """One answer, with its text as a person reads it."""

    status: int
    path: str
    body: str
    seconds: float
    location: str = ""

    @property
    def text(self) -> str:
        """Text of the main part with one space between words."""
        return " ".join(self.lines.split())

    @property
    def lines(self) -> str:
        """Text of the main part as it is read, a line a paragraph, without what is in forms."""
        main = self.body[self.body.find("<main") :] if "<main" in self.body else self.body
        main = " ".join(re.sub(r"<(script|style|form).*?</\1>", " ", main, flags=re.S).split())
        broken = re.sub(r"<(p|h1|h2|li|tr)\b[^>]*>", "\n", main)
        words = re.sub(r"[^\S\n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", broken)))
        return re.sub(r" ([.,;:])", r"\1", re.sub(r"\s*\n\s*", "\n", words)).strip()


@dataclass
class Visitor:
    """A browser with its cookies, on one site."""

    site: str
    cookies: CookieJar = field(default_factory=CookieJar)

    def get(self, path: str) -> Page:
        return self._ask(path, None)

    def post(self, path: str, /, follow: bool = True, **fields: str) -> Page:
        return self.send(path, fields, follow=follow)

    def send(self, path: str, fields: dict[str, str], *, at: str = "", follow: bool = True) -> Page:
        """Fill in the form on `path` and send it (to `at`, where the form says so)."""
        page = self.answer(self.get(path), fields, at=at or path)
        return self.get(page.location) if follow and page.location else page

    def answer(self, form: Page, fields: dict[str, str], *, at: str = "") -> Page:
        """Send a form that is open already."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.body)
        data = fields | {"csrfmiddlewaretoken": found.group(1) if found else ""}
        return self._ask(at or form.path, urlencode(data).encode(), form.path)

    def wait_for(self, path: str, words: str, timeout: float = 30.0) -> Page:
        """Poll the page until it says that. Raises TimeoutError."""
        pages: list[Page] = []

        def says() -> bool:
            pages.append(self.get(path))
            return words in pages[-1].text

        try:
            wait_until(says, timeout, repr(words))
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it says: {pages[-1].text}") from None
        return pages[-1]

    def _ask(self, path: str, data: bytes | None, referer: str = "") -> Page:
        opener = build_opener(HTTPCookieProcessor(self.cookies), NoRedirects())
        request = Request(self.site + path, data, {"Referer": self.site + (referer or path)})
        started = monotonic()
        try:
            answer = opener.open(request, timeout=30)
        except HTTPError as error:
            answer = error
        with answer:
            body = answer.read().decode()
        page = Page(answer.status or 0, path, body, monotonic() - started, answer.headers.get("Location", ""))
        return self.get(page.location) if page.location and data is None else page
