"""A picture of every page at two widths, light and dark. Not named test_: only `make screens` takes them."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import Account
from provisioning.models import Outage
from support import demo
from support.models import the_desk
from support.reviews import questions
from support.trust import apologies
from tests.browser.pages import LOOKS
from tests.browser.small import small
from tests.browser.test_desk import PASSWORD, _mail, _workspaces, filled, mail, workspaces, world  # noqa: F401
from tests.browser.test_pages import visit

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
SIZES = {375: 812, 1280: 800}


OWNER = "owner@desk.example"
DESK = {
    "today": "",
    "person": "accounts/account/{rob}/change/",
    "people": "accounts/account/",
    "tickets": "support/ticket/",
    "words": "words/",
    "hours": "support/desk/{desk}/change/",
    "records": "records/",
}
OWNERS = {"why": "why/", "why-outage": "why/outage/{outage}/", "why-month": "why/month/{month}/"}


@pytest.mark.parametrize("name", LOOKS)
def test_take_a_picture(name, site, open_context):
    take(name, visit(open_context(), site, LOOKS[name], LOOKS[name].arrange(site)), open_context().new_page())


def test_take_pictures_of_the_desk(filled, open_context):  # noqa: F811
    apologies.assess(timezone.now())
    questions.ask(timezone.now())
    Account.objects.create_superuser(OWNER, PASSWORD, name="Olga")
    known = {
        "rob": Account.objects.get(name="Rob Hart").pk,
        "outage": Outage.objects.latest("pk").pk,
        "desk": the_desk().pk,
        "month": f"{timezone.now():%Y-%-m}",
    }
    for who, pages in ((demo.SUPPORTER, DESK), (OWNER, OWNERS)):
        page = at_the_desk(open_context(), filled, who)
        for name, path in pages.items():
            page.goto(f"{filled}/admin/{path.format(**known)}")
            take(f"desk-{name}", page, open_context().new_page())


def at_the_desk(context, site: str, who: str) -> Page:
    page = context.new_page()
    page.goto(f"{site}/admin/")
    page.fill("[name=username]", who)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(".headline")
    return page


def take(name: str, page: Page, blank: Page) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            picture = page.screenshot(full_page=True, animations="disabled")
            (FOLDER / f"{name}-{width}-{scheme}.png").write_bytes(small(blank, picture))
