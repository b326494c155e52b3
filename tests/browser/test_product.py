"""A product behind us, in a real browser: signed up for while the workspace service is down, and then inside it."""

import base64
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from django.db.models.functions import Now
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from accounts.models import Account
from accounts.status import Status
from product.models.oidc import hash_of
from provisioning.models import Step
from provisioning.sweep import sweep
from stage import Process
from stage.stage import free_port
from tests.browser.site import DANA
from tests.people import PASSWORD

WIDE = 30_000  # milliseconds: the page looks by itself, at most every 15 s
SECRET = "a-secret-that-is-long-enough-for-anybody"
EVENTS_SECRET = "whsec_" + base64.b64encode(b"e" * 32).decode()


@pytest.fixture
def example(site, settings, tmp_path) -> Iterator[str]:
    """The example product, as a process of its own, on a database of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings.SITE_URL = site.url
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"OIDC_ISS_ENDPOINT": site.url}
    callbacks = [f"{url}/callback/"]
    settings.OIDC_CLIENTS = {"example": {"secret_hash": hash_of(SECRET), "redirect_uris": callbacks}}
    named = {"ARRIVALS_URL": site.url, "EXAMPLE_PORT": str(port), "EXAMPLE_SECRET": SECRET}
    named |= {"EXAMPLE_DATABASE": str(tmp_path / "example.sqlite3"), "EVENTS_SECRET": EVENTS_SECRET}
    with Process([sys.executable, "-m", "example", "--alone"], tmp_path / "example.log", named) as process:
        process.wait_until(lambda: answers(url), 60)
        yield url


def answers(url: str) -> bool:
    try:
        return urlopen(url, timeout=1).status == 200
    except OSError:
        return False


def refused(request: Request) -> dict:
    with pytest.raises(OSError) as caught:
        urlopen(request, timeout=10)
    return json.loads(caught.value.read() or b"{}")  # type: ignore[attr-defined]


def sign_up_from(page: Page, example: str) -> None:
    page.goto(example)
    page.get_by_role("link", name="Sign up").click()
    for name, value in (DANA | {"password": PASSWORD}).items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your sign-up, Dana.")


def heal(workspaces) -> None:
    workspaces.mode = "ok"
    Step.objects.update(due_at=Now())
    sweep()
    assert Account.objects.get().status == Status.ACTIVE


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_from_the_product_through_an_outage_into_the_product(script, outside, example, site, open_context, watch):
    _mail, workspaces = outside
    workspaces.mode = "503"
    page = watch(open_context(java_script_enabled=script).new_page())
    callbacks: list[str] = []
    page.on("request", lambda sent: callbacks.append(sent.url) if "/callback/" in sent.url else None)
    sign_up_from(page, example)
    sweep()
    expect(page.locator(".steps .late")).to_have_count(1, timeout=WIDE)
    heal(workspaces)
    expect(page.get_by_role("heading", level=1)).to_have_text("Inside, Dana Sommer", timeout=WIDE)
    assert page.url == f"{example}/"
    expect(page.locator("dl")).to_contain_text(str(Account.objects.get().pk))

    [callback] = callbacks
    code = parse_qs(urlsplit(callback).query)["code"][0]
    replay = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{example}/callback/"}
    replay |= {"client_id": "example", "client_secret": SECRET, "code_verifier": "v" * 64}
    again = Request(f"{site.url}/oidc/token/", urlencode(replay).encode())
    assert refused(again)["error"] == "invalid_grant"

    asked = {"response_type": "code", "client_id": "example", "scope": "openid", "state": "s"}
    foreign = urlencode(asked | {"redirect_uri": "https://evil.example/", "code_challenge": "c" * 43})
    page.goto(f"{site.url}/oidc/authorize/?{foreign}")
    expect(page.get_by_role("heading", level=1)).to_have_text("This way leads nowhere")
    page.goto(f"{site.url}/oidc/authorize/?{urlencode(asked | {'redirect_uri': f'{example}/callback/'})}")
    assert "error=invalid_request" in callbacks[-1] and "code=" not in callbacks[-1]

    page.goto(example)
    page.get_by_role("link", name="Log out").click()
    expect(page.get_by_role("link", name="Sign up")).to_be_visible()
    page.goto(f"{site.url}/account/")
    expect(page).to_have_url(f"{site.url}/login/?next=/account/")


def test_who_has_an_account_logs_in_on_the_way_and_no_policy_stops_the_form(
    example, site, open_context, watch, complaints
):
    site.dana()
    page = watch(open_context().new_page())
    page.goto(example)
    page.get_by_role("link", name="Log in").click()
    page.fill("[name=email]", DANA["email"])
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inside, Dana Sommer", timeout=WIDE)
    assert [said for said in complaints if "favicon" not in said and "404" not in said] == []

    body = json.dumps({"type": "account.ready", "data": {"id": "1"}})
    now = datetime.now(UTC)
    signed = {"webhook-id": "m1", "webhook-timestamp": str(int(now.timestamp()))}
    signed["webhook-signature"] = Webhook(EVENTS_SECRET).sign("m1", now, body)
    for _twice in range(2):
        assert urlopen(Request(f"{example}/events/", body.encode(), signed), timeout=10).status == 204
    refused(Request(f"{example}/events/", body.encode() + b" ", signed))
    page.reload()
    expect(page.locator("li")).to_have_text(["account.ready"])
