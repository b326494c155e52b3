"""People who sign up through both webs at a steady rate, and what each of them was answered."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.error import URLError

from stage.visitor import Page, Visitor

AT_ONCE = 64
PASSWORD = "correct horse battery staple"
CUT = (URLError, OSError)  # no answer at all


@dataclass
class Crowd:
    """Whoever is answered with the way to the waiting room has been promised an account."""

    sites: list[str]
    rate: float  # people a second
    promised: set[str] = field(default_factory=set)
    pages: list[Page] = field(default_factory=list)
    came: int = 0
    silences: int = 0

    @property
    def broken(self) -> list[Page]:
        return [page for page in self.pages if page.status == 500]

    @property
    def longest(self) -> Page:
        return max(self.pages, key=lambda page: page.seconds, default=Page(0, "", "", 0.0))

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Meanwhile; then whoever is at the door is let finish."""
        over = threading.Event()
        with ThreadPoolExecutor(AT_ONCE) as people:
            gate = threading.Thread(target=self._come, args=(people, over))
            gate.start()
            try:
                yield
            finally:
                over.set()
                gate.join()

    def _come(self, people: ThreadPoolExecutor, over: threading.Event) -> None:
        began = time.monotonic()
        while not over.wait(max(0.0, began + self.came / self.rate - time.monotonic())):
            people.submit(self._sign_up, self.came)
            self.came += 1

    def _sign_up(self, number: int) -> None:
        """At one web; where nobody answers or the door is shut, once more at the next."""
        fields = {"name": f"Dana {number}", "email": f"dana{number}@firm{number}.example", "phone": "+49 30 901820"}
        fields |= {"company": f"Firm {number}", "password": PASSWORD}
        for turn in range(len(self.sites)):
            visitor = Visitor(self.sites[(number + turn) % len(self.sites)])
            if self._is_let_in(visitor, fields):
                self.promised.add(fields["email"])
                self._look(visitor, "/arriving/")
                return

    def _is_let_in(self, visitor: Visitor, fields: dict[str, str]) -> bool:
        form = self._look(visitor, "/signup/")
        if form is None or form.status != 200:
            return False
        try:
            page = visitor.answer(form, fields)
        except CUT:
            self.silences += 1
            return False
        self.pages.append(page)
        return page.status == 302

    def _look(self, visitor: Visitor, path: str) -> Page | None:
        try:
            page = visitor.get(path)
        except CUT:
            self.silences += 1
            return None
        self.pages.append(page)
        return page
