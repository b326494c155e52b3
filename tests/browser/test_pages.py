"""Every page, light and dark: no axe finding, nothing said on the console, and it fits 320 px."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.pages import LOOKS, Look
from tests.browser.site import Site

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EXPECTED = "Failed to load resource: the server responded with a status of"  # a 404 page is a 404


def visit(context: BrowserContext, site: Site, look: Look, place: str, watch=lambda page: page) -> Page:
    context.add_cookies(site.cookie_jar())
    page = watch(context.new_page())
    answer = page.goto(site.url + place)
    assert answer is not None and answer.status == look.status, answer and answer.status
    if look.send:
        look.send(page)
        page.wait_for_load_state()
    return page


@pytest.mark.parametrize("name", LOOKS)
def test_page(name, site, open_context, watch, complaints):
    look = LOOKS[name]
    context = open_context(color_scheme="light", reduced_motion="reduce", viewport={"width": 320, "height": 640})
    page = visit(context, site, look, look.arrange(site), watch)
    assert findings(page) == []
    assert overflow(page) == 0
    assert small_targets(page) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page) == []
    assert [words for words in complaints if not words.startswith(EXPECTED)] == []


def findings(page: Page) -> list[str]:
    page.evaluate(AXE)
    result = page.evaluate("tags => axe.run({runOnly: tags})", STANDARDS)
    return [f"{each['id']}: {node['html']}" for each in result["violations"] for node in each["nodes"]]


def overflow(page: Page) -> int:
    """Pixels one would have to scroll sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def small_targets(page: Page) -> list[str]:
    """Buttons under 44 px, and links that are not within a sentence under 24."""
    return page.evaluate(
        """() => [...document.querySelectorAll("button, .button, nav a, .actions a, footer a, .problem li a")]
            .filter(e => e.getClientRects().length)
            .filter(e => e.getBoundingClientRect().height < (e.matches("button, .button") ? 44 : 24))
            .map(e => e.outerHTML)"""
    )
