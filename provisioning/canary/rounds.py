"""One round of the canary: sign up, wait until it is ready, log in, delete everything; and what was noticed.

What only we can see (does a worker answer, does the sweep run) is looked at before the first page is opened: a page
that finds no sweep does a little of its work, and the canary must not hide what it is there to notice.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr

from celery import current_app
from django.conf import settings
from django.db.models import Q

from accounts.database.clock import long_ago
from accounts.models import Account
from accounts.profile.deletion import delete_everything
from provisioning.canary.visitor import NoPage, Page, Visitor
from provisioning.dispatch import BROKER_ERRORS, sweep_is_stale
from provisioning.models import OWED, Errand, State, Step

READY_WITHIN = 60.0  # seconds
LOOK_EVERY = 1.0
WORKER_SECONDS = 3.0
LEFT_BEHIND = timedelta(minutes=15)  # by a canary that was killed
NAME = "Canary"
SETTLED = 'data-settled="yes"'


@dataclass
class Seen:
    """What one round saw: seconds until it was ready, and troubles by what they are about."""

    seconds: float | None = None
    troubles: dict[str, str] = field(default_factory=dict)

    def note(self, about: str, words: str) -> None:
        self.troubles.setdefault(about, words[:300])


def fly() -> Seen:
    """Fly one round. Nothing of it is left, but that the end of its workspace may be owed for a moment."""
    seen = Seen()
    look_inside(seen)
    remove(Account.objects.filter(long_ago("created_at", LEFT_BEHIND)))
    forget_what_is_over()
    with somebody() as (email, password):
        try:
            visit(Visitor(settings.SITE_URL), email, password, seen)
        except NoPage as error:
            seen.note("web", f"no page came ({error})")
    return seen


def look_inside(seen: Seen) -> None:
    """Look whether a worker answers and the sweep runs."""
    try:
        works = bool(current_app.control.ping(timeout=WORKER_SECONDS, limit=1))
    except BROKER_ERRORS as error:
        seen.note("broker", f"the broker does not answer ({type(error).__name__})")
        return
    if not works:
        seen.note("worker", "no worker answers")
    elif sweep_is_stale():
        seen.note("beat", "a worker answers, and no sweep runs: the beat is not there")


@contextmanager
def somebody() -> Iterator[tuple[str, str]]:
    """An address that nobody has and a password, whose account is gone afterwards."""
    local, _at, domain = parseaddr(settings.CANARY_ADDRESS)[1].rpartition("@")
    email = f"{local}+{secrets.token_hex(8)}@{domain}"
    try:
        yield email, secrets.token_urlsafe(24)
    finally:
        remove(Account.objects.filter(email=email))


def forget_what_is_over() -> None:
    """Forget the workspaces of rounds before that were ended since."""
    Errand.objects.filter(occasion__startswith="canary ", state=State.DONE).delete()


def remove(accounts) -> None:
    """Delete the canary's own among these accounts."""
    for account in accounts.filter(canary=True):
        delete_everything(account)


def visit(browser: Visitor, email: str, password: str, seen: Seen) -> None:
    """The way of a person, from sign-up to deletion. Raises NoPage."""
    fields = {"name": NAME, "email": email, "phone": "0", "company": NAME, "password": password}
    began = time.monotonic()
    if not _is_at(browser.post("/signup/", fields), "/arriving/", "sign-up", seen):
        return
    account = Account.objects.filter(email=email, canary=True).first()
    if account is None:
        seen.note("forms", "sign-up said that it was saved, and it was not")
        return
    if _is_ready(browser, began + READY_WITHIN):
        seen.seconds = time.monotonic() - began
        _is_at(browser.post("/login/", {"email": email, "password": password}), "/home/", "log-in", seen)
    else:
        _say_what_is_missing(account, seen)
    _is_at(browser.post("/arriving/delete/", {"password": password}), "/arriving/deleted/", "deletion", seen)
    if Account.objects.filter(pk=account.pk).exists():
        seen.note("forms", "deletion did not delete")


def _is_at(page: Page, path: str, what: str, seen: Seen) -> bool:
    if page.status == 200 and page.path == path:
        return True
    about = "web" if page.status >= 500 else "forms"
    seen.note(about, f"{what} was answered with {page.status} at {page.path}, not with {path}")
    return False


def _is_ready(browser: Visitor, until: float) -> bool:
    while time.monotonic() < until:
        if SETTLED in browser.get("/arriving/").body:
            return True
        time.sleep(LOOK_EVERY)
    return False


def _say_what_is_missing(account: Account, seen: Seen) -> None:
    steps = Step.objects.of_setup().filter(account=account)
    missing = list(steps.filter(Q(state__in=OWED) | Q(state=State.DEAD)))
    nobody_works = bool(seen.troubles.keys() & {"worker", "broker"})
    for step in missing:
        if nobody_works and not step.attempts:
            continue
        why = step.error or ("nobody has tried" if not step.attempts else "no answer yet")
        seen.note(step.dependency, f"{step.kind} was not done within {READY_WITHIN:.0f} s: {why}")
    if not missing and not steps.exists():
        seen.note("worker", f"nobody fetched a new account within {READY_WITHIN:.0f} s")
    elif not missing:
        seen.note("forms", "all was done, and the page did not say so")
