"""What a form owes the person who fills it in."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import fill_in_badly
from tests.people import PASSWORD

PURPOSES = {"name": "name", "email": "email", "phone": "tel", "company": "organization", "password": "new-password"}


@pytest.fixture
def page(site, open_context) -> Page:
    page = open_context().new_page()
    page.goto(site.url + "/signup/")
    return page


def test_each_field_says_what_it_is_for(page):
    for name, purpose in PURPOSES.items():
        expect(page.locator(f"[name={name}]")).to_have_attribute("autocomplete", purpose)
    expect(page.locator("[name=email]")).to_have_attribute("type", "email")
    expect(page.locator("[name=phone]")).to_have_attribute("type", "tel")
    assert page.locator("[type=password]").count() == 1, "nothing is typed twice"


def test_a_refusal_takes_the_focus_names_the_fields_and_leads_to_them(page):
    fill_in_badly(page)
    expect(page).to_have_title("Please check – Sign up · Arrivals")
    expect(page.locator(".problem")).to_be_focused()
    page.locator(".problem a").first.click()
    email = page.locator("[name=email]")
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description("Enter an email address like name@example.com.")
    expect(page.locator("[name=phone]")).to_have_accessible_description(
        "We'll only call if we can't reach you by email."
    )


def test_what_was_typed_is_kept_but_for_the_password(page):
    fill_in_badly(page)
    expect(page.locator("[name=name]")).to_have_value("Dana Sommer")
    expect(page.locator("[name=email]")).to_have_value("dana at acme")
    expect(page.locator("[name=password]")).to_have_value("")


def test_the_password_may_be_pasted_and_looked_at(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("words => navigator.clipboard.writeText(words)", PASSWORD)
    field = page.locator("[name=password]")
    field.focus()
    page.keyboard.press("Control+V")
    expect(field).to_have_value(PASSWORD)
    expect(field).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show: Password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide: Password").click()
    expect(field).to_have_attribute("type", "password")
