"""The desk, walked by keyboard from the demo's data: an outage, a repair, a letter and its answer."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db.models.functions import Now
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Account
from accounts.status import Status
from provisioning.intake.ready_notice import fetch_ready
from provisioning.models import Outage, Step
from provisioning.sweep import beat, drain, fetch_everywhere, sweep
from support import demo
from support.models import Incident, Letter, Message, Ticket, Turn
from support.reviews import questions
from support.trust import apologies
from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world  # noqa: F401
from tests.support.conftest import make_roles

CHROMIUM = Path("/usr/bin/chromium")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
PASSWORD = "a quiet monday morning"
SECRET = "arrivals:a secret for the tests"
MOST_TABS = 250
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium")


@pytest.fixture
def filled(live_server, transactional_db, settings, world):  # noqa: F811
    settings.SWEEP_SECONDS = 3600
    settings.SITE_URL = live_server.url
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    make_roles(apps, None)
    cache.clear()
    beat("sweep")
    demo.fill(PASSWORD)
    return live_server.url


@pytest.fixture(params=["light", "dark"])
def jordan(request, filled, browser) -> Iterator[Page]:
    """Jordan's browser at Today, having logged in by keyboard."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{filled}/admin/")
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type(demo.SUPPORTER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".headline")).to_have_text("6 things need you.")
    yield page
    assert page.complaints == [], "\n".join(page.complaints)
    context.close()


FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels[0] ? at.labels[0].textContent : "";
  return (label || at.getAttribute("aria-label") || at.textContent || "").trim().replace(/:$/, "");
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is focused is called so."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"no Tab leads to {name!r}")


def press(page: Page, *names: str) -> None:
    for name in names:
        tab_to(page, name)
        page.keyboard.press("Enter")
    page.wait_for_load_state()


def findings_of_axe(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run({preload: false, runOnly: tags})", STANDARDS)[
        "violations"
    ]  # else it breaks the page's policy itself
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def pages() -> list[str]:
    Account.objects.get(email=demo.SUPPORTER).groups.add(Group.objects.get(name="owner"))
    rob, outage = Account.objects.get(name="Rob Hart"), Outage.objects.latest("pk")
    person = f"accounts/account/{rob.pk}/change/"
    owners = ["why/", f"why/outage/{outage.pk}/", f"why/month/{timezone.now():%Y-%-m}/"]
    return [
        "",
        person,
        "accounts/account/",
        "support/ticket/",
        "support/savedreply/add/",
        "support/away/",
        "support/away/add/",
        "support/desk/1/change/",
        "introduction/",
        "support/trustrepair/",
        "records/",
        "staff/",
        "words/",
        *owners,
    ]


def test_the_first_tab_is_the_skip_link_and_every_page_is_accessible(jordan, filled):
    jordan.keyboard.press("Tab")
    assert jordan.evaluate(FOCUSED) == "Skip to main content"
    apologies.assess(timezone.now())
    questions.ask(timezone.now())
    for path in pages():
        jordan.goto(f"{filled}/admin/{path}")
        expect(jordan.locator(".rooms a").first).to_have_text("Today")
        jordan.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert findings_of_axe(jordan) == [], path


def test_a_reply_is_taken_back_by_one_key(jordan):
    tab_to(jordan, "Your reply")
    jordan.keyboard.press("Control+End")
    jordan.keyboard.type("\nYou can pressent now.")
    press(jordan, "Send")
    expect(jordan.locator(".undo button")).to_be_focused()
    assert findings_of_axe(jordan) == []
    jordan.keyboard.press("Enter")
    expect(jordan.locator(".messagelist")).to_contain_text("It was not sent.")
    expect(jordan.locator(".next h3")).to_have_text("Mina Okafor")
    assert "You can pressent now." in jordan.locator(".next [name=body]").input_value()
    assert not Letter.objects.filter(automatic=False).exists()


def test_people_are_selected_and_recovered_by_keyboard(jordan, filled):
    """As somebody used to Django does it: tick them, choose the action, Go, confirm."""
    jordan.goto(f"{filled}/admin/accounts/account/?q=shop1")
    jordan.locator("[name=_selected_action]").first.check()
    jordan.locator("select[name=action]").select_option(label="Recover selected people")
    press(jordan, "Go")
    expect(jordan.locator("#content-main h2").first).to_have_text("For 1 person")
    assert findings_of_axe(jordan) == []
    press(jordan, "Recover selected people")
    expect(jordan.locator(".messagelist")).to_contain_text("Done for 1 person.")
    assert Turn.objects.count() == 1


def test_everybody_of_the_outage_is_recovered(jordan, filled, world):  # noqa: F811
    expect(jordan.locator(".incident h3")).to_have_text("Workspace: server error, 40 people")
    press(jordan, "Recover everybody")
    expect(jordan.locator(".messagelist")).to_contain_text("One person first, then five, then the rest.")
    asked = []
    for _ in range(8):
        fetch_everywhere()
        asked.append(Turn.objects.exclude(outcome="").count())
        jordan.reload()
        expect(jordan.locator(".incident, .headline").last).to_be_visible()
        drain()
    assert asked[:3] == [1, 6, 26] and asked[-1] == 40
    fetch_everywhere()
    jordan.reload()
    expect(jordan.locator(".incident")).to_have_count(0)
    expect(jordan.locator(".headline")).to_have_text("5 things need you.")
    assert Incident.objects.get().closed_at
    sweep()
    fetch_ready()
    drain()
    ready = [str(letter["To"]) for letter in world[0].letters if "account is ready" in str(letter["Subject"])]
    told = [address for address in ready if "@shop" in address]
    assert len(told) == len(set(told)) == 40, "each is told once that it works"
    assert not Ticket.objects.filter(email__startswith="ada", closed_at=None).exists()


def test_recover_one_let_in_another_write_and_be_answered(jordan, filled, world, client):  # noqa: F811
    expect(jordan.locator(".next h3")).to_have_text("Mina Okafor")
    expect(jordan.locator(".suggested button")).to_have_text("Recover")
    press(jordan, "Recover")
    expect(jordan.locator(".messagelist")).to_contain_text("It's being set up again now.")
    sweep()
    assert Account.objects.get(name="Mina Okafor").status == Status.ACTIVE
    jordan.reload()
    expect(jordan.locator(".finding")).to_have_text("It works now. Before that, something of ours failed them.")

    tab_to(jordan, "Your reply")
    jordan.keyboard.press("Control+End")
    jordan.keyboard.type("\nYou can present now.")
    press(jordan, "Send")
    expect(jordan.locator(".messagelist")).to_contain_text("Your reply is on its way.")
    expect(jordan.locator(".next h3")).to_have_text("Rob Hart")
    Letter.objects.filter(automatic=False).update(due_at=Now())  # ten seconds later
    sweep()
    [letter] = world[0].to("mina@okafor.demo.example")[-1:]
    assert letter["From"].startswith("Jordan <") and "You can present now." in letter.get_content()

    press(jordan, "Other actions", "Let in, finish later")
    expect(jordan.locator(".messagelist")).to_contain_text("They're in; the rest will be finished later.")
    rob = Account.objects.get(name="Rob Hart")
    assert rob.status == Status.ACTIVE and Step.objects.get(account=rob, kind="workspace").pay_by

    reply(client, "mina@okafor.demo.example", "Thank you! One more thing.", letter["Message-ID"])
    fetch_everywhere()
    jordan.reload()
    expect(jordan.locator(".next h3")).to_have_text("Mina Okafor")
    expect(jordan.locator(".next .thread blockquote").last).to_contain_text("Thank you! One more thing.")
    expect(jordan.locator(".next .thread .ours").last).to_contain_text("You can present now.")
    assert Message.objects.latest("pk").ticket == Letter.objects.get(automatic=False).ticket


def reply(client, sender: str, text: str, answers: str) -> None:
    """As the mail service posts it."""
    named = {"Message-ID": "<an-answer@okafor.demo.example>", "In-Reply-To": answers}
    body = {
        "FromFull": {"Email": sender, "Name": "Mina"},
        "TextBody": f"{text}\n\nOn 25 Nov 2026, at 10:00, Jordan wrote:\n> Hello Mina",
        "Headers": [{"Name": name, "Value": value} for name, value in named.items()],
    }
    key = "Basic " + base64.b64encode(SECRET.encode()).decode()
    sent = client.post(
        "/mail/postmark/inbound/", json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=key
    )
    assert sent.status_code == 200


def test_a_page_that_is_stale_says_what_changed(jordan):
    Step.objects.filter(account__name="Mina Okafor", kind="workspace").update(state="done", done_at=Now())
    Account.objects.filter(name="Mina Okafor").update(status=Status.ACTIVE)
    press(jordan, "Recover")
    expect(jordan.locator(".messagelist")).to_contain_text("since you looked: the status went from failed to active")


@pytest.mark.parametrize("width", [320, 375])
def test_nothing_is_wider_than_a_phone(jordan, filled, width):
    apologies.assess(timezone.now())
    questions.ask(timezone.now())
    jordan.set_viewport_size({"width": width, "height": 700})
    for path in pages():
        jordan.goto(f"{filled}/admin/{path}")
        assert jordan.evaluate("document.documentElement.scrollWidth") <= width, path
