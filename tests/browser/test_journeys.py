"""The whole way in, in a real browser, with mail and workspaces failing and then healing."""

import re

import pytest
from django.db.models.functions import Now
from playwright.sync_api import Page, expect

from accounts.models import Account
from accounts.status import Status
from provisioning.models import Step
from provisioning.sweep import sweep
from tests.browser.site import DANA
from tests.browser.test_pages import overflow
from tests.people import PASSWORD

TYPED = DANA | {"password": PASSWORD}
WIDE = 20_000  # milliseconds: the page looks by itself, at most every 15 s


@pytest.fixture
def broken(outside, site, settings):
    """Mail refuses connections and workspaces answer 503, until `heal`."""
    settings.SITE_URL = site.url
    mail, workspaces = outside
    mail.mode, workspaces.mode = "refused", "503"
    return outside


def heal(outside) -> None:
    for server in outside:
        server.mode = "ok"
    Step.objects.update(due_at=Now())
    sweep()
    assert Account.objects.get().status == Status.ACTIVE


def fill_in(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)


def confirm_link(mail) -> str:
    [letter] = mail.wait_for(DANA["email"])
    found = re.search(r"http\S+/confirm/\S+", letter.get_body(("plain",)).get_content())
    assert found
    return found.group()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whole_sign_up_on_a_small_phone(scheme, broken, site, open_context, watch, complaints):
    page = watch(open_context(viewport={"width": 320, "height": 568}, color_scheme=scheme).new_page())
    page.goto(site.url)
    page.locator("main").get_by_role("link", name="Sign up").click()
    fill_in(page, **TYPED)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your sign-up, Dana.")
    sweep()
    expect(page.locator(".steps .late")).to_have_count(2, timeout=WIDE)
    expect(page.get_by_role("status").last).to_contain_text("late", timeout=WIDE)
    assert overflow(page) == 0
    heal(broken)
    expect(page.locator(".lead")).to_have_text("Your account is ready.", timeout=WIDE)
    page.get_by_role("link", name="Go to your workspace").click()
    fill_in(page, email=TYPED["email"], password=PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Dana.")
    expect(page.locator("main")).to_contain_text("Acme & Sons")
    page.goto(confirm_link(broken[0]))
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("main")).to_contain_text("is confirmed")
    assert complaints == []


def test_with_javascript_off(broken, site, open_context):
    page = open_context(java_script_enabled=False).new_page()
    page.goto(site.url + "/signup/")
    fill_in(page, **TYPED)
    assert page.locator("main button").count() == 1, "a button that needs a script shows without one"
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your sign-up, Dana.")
    sweep()
    expect(page.locator(".steps .late")).to_have_count(2, timeout=WIDE)  # the page reloads itself
    expect(page.locator(".steps time").first).to_contain_text("UTC")
    heal(broken)
    expect(page.locator(".lead")).to_have_text("Your account is ready.", timeout=WIDE)
    page.get_by_role("link", name="Go to your workspace").click()
    fill_in(page, email=TYPED["email"], password=PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(site.url + "/home/")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(site.url + "/")


def tab_to(page: Page, selector: str, most: int = 20) -> None:
    """Press Tab until it has the focus, and see each time that the focus can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate("document.activeElement && getComputedStyle(document.activeElement).outlineStyle")
        assert focus not in (None, "none"), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_by_keyboard_alone(broken, site, open_context, watch, complaints):
    page = watch(open_context().new_page())
    page.goto(site.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    tab_to(page, "main a[href='/signup/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/signup/")
    for name, value in TYPED.items():
        tab_to(page, f"[name={name}]")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your sign-up, Dana.")
    sweep()
    expect(page.locator(".steps .late")).to_have_count(2, timeout=WIDE)
    tab_to(page, "main a[href='/contact/']")
    heal(broken)
    expect(page.locator(".lead")).to_have_text("Your account is ready.", timeout=WIDE)
    assert page.evaluate("document.activeElement.matches('main a[href=\"/contact/\"]')"), "the focus was lost"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/*")
    tab_to(page, "[name=email]")
    page.keyboard.type(TYPED["email"])
    tab_to(page, "[name=password]")
    page.keyboard.type(PASSWORD)
    tab_to(page, ".secret button")
    tab_to(page, "main form > button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(site.url + "/home/")
    assert complaints == []


def test_double_click_reload_and_back_are_one_sign_up(site, open_context):
    page = open_context().new_page()
    page.goto(site.url + "/signup/")
    fill_in(page, **TYPED)
    page.get_by_role("button", name="Sign up").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your sign-up, Dana.")
    page.reload()
    page.go_back()
    fill_in(page, **TYPED)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your sign-up, Dana.")
    assert Account.objects.count() == 1
