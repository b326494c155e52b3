"""The way to the product through sign-up, log-in and the waiting room, and back without another click."""

import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core import signing
from django.core.cache import cache
from django.db.models.functions import Now
from django.test import Client as Browser
from django.urls import reverse

from accounts import onward
from accounts.email_links import Purpose, hand_out
from accounts.models import Account, Event, EventKind, SignupClaim
from accounts.status import Status
from provisioning.intake.pickup import pick_up
from provisioning.models import State, Step
from tests.people import PASSWORD, Person
from tests.product.conftest import came_back, read

pytestmark = pytest.mark.django_db
DANA = {"name": "Dana", "email": "dana@acme.example", "company": "Acme", "phone": "+49 30 901820"}


@pytest.fixture(autouse=True)
def calm(settings):
    cache.clear()
    settings.THROTTLES = False


@pytest.fixture
def nobody() -> Browser:
    return Browser()


def sign_up(browser: Browser, **typed):
    return browser.post("/signup/", DANA | {"password": PASSWORD} | typed)


def log_in(browser: Browser, account: Account):
    return browser.post("/login/", {"email": account.email, "password": PASSWORD})


def get_ready(account: Account | None = None) -> Account:
    account = account or Account.objects.get()
    pick_up([account.pk])
    Step.objects.filter(account=account).update(state=State.DONE, done_at=Now())
    Account.objects.filter(pk=account.pk).update(status=Status.ACTIVE, asked_at=None)
    return account


def follow(browser: Browser, response, most: int = 5):
    """Follow redirects as long as they stay with us."""
    while response.status_code == 302 and response["Location"].startswith("/") and (most := most - 1):
        response = browser.get(response["Location"])
    return response


def test_a_stranger_signs_up_waits_and_is_let_in_without_logging_in(product, nobody):
    assert product.send(nobody, prompt="create")["Location"] == "/signup/"
    assert sign_up(nobody)["Location"] == "/arriving/"
    waits = nobody.get("/arriving/")
    assert waits.status_code == 200 and b"data-onward" not in waits.content
    account = get_ready()
    part = nobody.get("/arriving/?part=1").content.decode()
    assert 'href="/oidc/authorize/?' in part and "data-onward" in part
    before = nobody.cookies.get(django_settings.SESSION_COOKIE_NAME)
    back = came_back(follow(nobody, nobody.get("/arriving/")))
    assert back["state"] == "s-1"
    assert product.exchange(back["code"]).status_code == 200
    assert nobody.get("/account/").status_code == 200, "they are logged in here, too"
    assert nobody.cookies[django_settings.SESSION_COOKIE_NAME].value != (before.value if before else "")
    assert Event.objects.filter(account=account, kind=EventKind.LOGGED_IN).count() == 1
    assert nobody.cookies[django_settings.CLAIM_COOKIE_NAME].value == "", "the claim has done its work"
    assert onward.where_to(nobody.get("/home/").wsgi_request) == ""


def test_who_comes_again_while_it_is_being_set_up_waits_in_the_same_room(product, nobody):
    sign_up(nobody)
    assert product.send(nobody)["Location"] == "/arriving/"
    get_ready()
    assert "code" in came_back(product.send(nobody))


def test_who_has_an_account_logs_in_and_goes_on(product, nobody, dana):
    assert product.send(nobody)["Location"] == "/login/"
    assert "code" in came_back(follow(nobody, log_in(nobody, dana)))


def test_who_logs_in_before_they_are_ready_waits_and_goes_on(product, nobody):
    account = Person.create()
    product.send(nobody)
    assert log_in(nobody, account)["Location"] == "/arriving/"
    assert nobody.get("/arriving/").status_code == 200
    get_ready(account)
    assert "code" in came_back(follow(nobody, nobody.get("/arriving/")))


def test_a_link_in_an_email_opened_in_between_leads_on(product, nobody):
    product.send(nobody, prompt="create")
    sign_up(nobody)
    account = Account.objects.get()
    link = reverse("confirm", args=[hand_out(account, Purpose.CONFIRM, account.pk)])
    done = nobody.post(link)
    assert 'href="/oidc/authorize/?' in done.content.decode()
    get_ready(account)
    assert "code" in came_back(product.send(nobody))


def test_a_stranger_to_an_address_is_not_let_in_by_it(product, nobody, dana):
    """Whoever signs up with an address that is taken, and another password, waits like everybody, for ever."""
    product.send(nobody, prompt="create")
    sign_up(nobody, password="another password entirely")
    assert nobody.get("/arriving/").status_code == 200
    assert b"data-onward" not in nobody.get("/arriving/?part=1").content
    assert product.send(nobody)["Location"] == "/arriving/"


def test_a_suspended_person_reads_that_they_are(product, nobody):
    sign_up(nobody)
    get_ready()
    Account.objects.update(is_active=False)
    shown = follow(nobody, product.send(nobody))
    assert shown.status_code == 200 and "has been suspended" in shown.content.decode()
    other = Browser()
    assert product.send(other)["Location"] == "/login/"
    assert "has been suspended" in log_in(other, Account.objects.get()).content.decode()


def test_who_was_given_up_reads_that_a_person_looks_into_it(product, browser, dana):
    get_ready(dana)
    Step.objects.filter(kind="workspace").update(state=State.DEAD, done_at=None, failed_at=Now())
    Account.objects.update(status=Status.FAILED)
    shown = follow(browser, product.send(browser))
    assert "passed it on to a person" in shown.content.decode() and dana.reference in shown.content.decode()
    Step.objects.update(state=State.DONE, done_at=Now())
    Account.objects.update(status=Status.ACTIVE)
    assert "code" in came_back(follow(browser, browser.get("/arriving/")))


def test_asked_to_log_in_anew_they_do_once(product, browser, dana):
    assert product.send(browser, prompt="login")["Location"] == "/login/"
    assert "code" in came_back(follow(browser, log_in(browser, dana)))
    Account.objects.update(last_login=Now() - timedelta(minutes=10))
    assert "code" in came_back(product.send(browser, max_age="700"))
    assert product.send(browser, max_age="60")["Location"] == "/login/"
    assert "code" in came_back(follow(browser, log_in(browser, dana)))


def test_a_sign_up_is_a_log_in_of_that_time(product, nobody):
    product.send(nobody, max_age="600")
    sign_up(nobody)
    get_ready()
    SignupClaim.objects.update(created_at=Now() - timedelta(minutes=5))
    told = product.exchange(product.code(nobody, max_age="600")).json()
    assert 300 <= time.time() - read(told["id_token"])["auth_time"] < 500
    other = Browser()
    sign_up(other)
    SignupClaim.objects.update(created_at=Now() - timedelta(minutes=11))
    assert product.send(other, max_age="600")["Location"] == "/login/"
    assert "code" in came_back(follow(other, log_in(other, Account.objects.get())))


def test_a_long_wait_begins_anew_at_the_products_front_page(product, nobody, settings, monkeypatch):
    product.send(nobody, prompt="create")
    sign_up(nobody)
    get_ready()
    later = time.time() + onward.FRESH + 60
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert nobody.get("/arriving/").status_code == 200, "with no front page named they press a button"
    settings.HOME_URL = "https://app.acme.example/"
    assert nobody.get("/arriving/")["Location"] == "https://app.acme.example/"


def test_nobody_else_decides_where_it_leads(nobody, dana):
    nobody.cookies[django_settings.ONWARD_COOKIE_NAME] = signing.dumps(["https://evil.example/", "x"], salt="other")
    assert log_in(nobody, dana)["Location"] == "/home/"
    nobody.cookies[django_settings.ONWARD_COOKIE_NAME] = "https://evil.example/"
    assert log_in(nobody, dana)["Location"] == "/home/"


def test_a_question_too_long_for_a_cookie_is_refused(product, nobody):
    assert came_back(product.send(nobody, state="s" * 4000))["error"] == "invalid_request"


def test_the_policy_lets_forms_end_at_the_product_on_that_way_only(product, nobody, dana):
    def form_action(page) -> str:
        policy = page["Content-Security-Policy"]
        return next(part.strip() for part in policy.split(";") if part.strip().startswith("form-action"))

    assert form_action(nobody.get("/login/")) == "form-action 'self'"
    product.send(nobody)
    for page in ("/login/", "/signup/"):
        assert form_action(nobody.get(page)) == "form-action 'self' https://app.acme.example"
    follow(nobody, log_in(nobody, dana))
    assert form_action(nobody.get("/account/")) == "form-action 'self'"


def test_home_leads_to_the_product(browser, settings, dana):
    assert "Your platform starts here" in browser.get("/home/").content.decode()
    settings.HOME_URL = "https://app.acme.example/"
    home = browser.get("/home/").content.decode()
    assert 'href="https://app.acme.example/"' in home and "Your platform starts here" not in home


# Logging out from the product


def id_token(product, browser) -> str:
    return product.exchange(product.code(browser)).json()["id_token"]


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def test_logging_out_at_the_product_ends_the_session_here_and_goes_back(product, browser):
    told = product.exchange(product.code(browser)).json()
    back = product.client.post_logout_redirect_uris
    asked = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": back, "state": "x y"}
    assert browser.get("/oidc/logout/", asked)["Location"] == f"{back}?state=x+y"
    assert not is_in(browser) and product.userinfo(told["access_token"]).status_code == 401


@pytest.mark.parametrize("uri", ["https://evil.example/", "https://app.acme.example/", "javascript:alert(1)", "\x00"])
def test_nobody_is_sent_to_where_no_product_is(product, browser, uri):
    asked = {"id_token_hint": id_token(product, browser), "post_logout_redirect_uri": uri}
    assert browser.get("/oidc/logout/", asked)["Location"] == "/"


@pytest.mark.parametrize("hint", ["", "x", "a.b.c", "another's"])
def test_without_a_token_of_their_own_they_are_asked_first(product, browser, hint):
    other = Browser()
    other.force_login(Person.create(status=Status.ACTIVE))
    hint = id_token(product, other) if hint == "another's" else hint
    asked = {"id_token_hint": hint, "client_id": "shop", "post_logout_redirect_uri": "https://app.acme.example/"}
    asked["post_logout_redirect_uri"] = product.client.post_logout_redirect_uris
    page = browser.get("/oidc/logout/", asked)
    assert page.status_code == 200 and is_in(browser)
    assert "form-action 'self' https://app.acme.example" in page["Content-Security-Policy"]
    assert urlsplit(browser.post("/oidc/logout/", asked)["Location"]).hostname == "app.acme.example"
    assert not is_in(browser)


def test_another_page_cannot_log_them_out(product, dana):
    careful = Browser(enforce_csrf_checks=True)
    careful.force_login(dana)
    assert careful.post("/oidc/logout/", {"client_id": "shop"}).status_code == 403 and is_in(careful)


@pytest.mark.parametrize("client_id", ["nobody", "\x00", ""])
def test_an_unknown_client_has_no_way_back(product, nobody, client_id):
    asked = {"client_id": client_id, "post_logout_redirect_uri": product.client.post_logout_redirect_uris}
    assert nobody.get("/oidc/logout/", asked)["Location"] == "/"
