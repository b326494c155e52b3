"""Chromium before the real site. Nothing here runs the worker: a test sweeps when it wants time to pass."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from provisioning.sweep import beat
from stage import MailServer, Provisioner
from tests.browser.site import Site

CHROMIUM = Path("/usr/bin/chromium")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # sync Playwright runs a loop of its own in this thread


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing, and these tests need a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def outside(settings) -> Iterator[tuple[MailServer, Provisioner]]:
    with MailServer() as mail, Provisioner() as workspaces:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", mail.port, 1
        settings.WORKSPACE_URL = workspaces.url
        yield mail, workspaces


@pytest.fixture
def site(live_server, transactional_db, settings) -> Site:
    """A beat that lives, so that no page pays its visitor's debts from a thread of this process."""
    settings.SWEEP_SECONDS = 3600
    settings.ROOT_URLCONF = "tests.browser.urls"
    cache.clear()
    beat("sweep")
    return Site(live_server.url)


@pytest.fixture
def open_context(browser) -> Iterator[Callable[..., BrowserContext]]:
    opened: list[BrowserContext] = []

    def open_one(**options) -> BrowserContext:
        options = {"viewport": {"width": 375, "height": 812}, "locale": "en-GB"} | options
        opened.append(browser.new_context(**options))
        opened[-1].set_default_timeout(15_000)
        return opened[-1]

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console and its policy had to say; `watch` adds to it."""
    return []


@pytest.fixture
def watch(complaints) -> Callable[[Page], Page]:
    def watch_one(page: Page) -> Page:
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    return watch_one
