"""Products at the desk: a superuser's alone; a secret is shown once; what the environment names is changed there."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client as Browser
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken

from product.models import Client
from product.models.oidc import ENVIRONMENT
from tests.people import Supporter
from tests.product.conftest import BACK

pytestmark = pytest.mark.django_db
GIVEN = {"name": "Shop", "client_type": "confidential", "redirect_uris": BACK, "post_logout_redirect_uris": ""}


@pytest.fixture
def owner() -> Browser:
    browser = Browser()
    browser.force_login(Supporter.create())
    return browser


def secret_on(page) -> str:
    return re.findall(r"<code>([\w-]{43})</code>", page.content.decode())[0]


def add(owner: Browser, **other) -> tuple[Client, str]:
    page = owner.post("/admin/product/client/add/", GIVEN | other)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    return Client.objects.get(), secret_on(page)


def test_a_superuser_names_a_product_and_reads_its_secret_once(owner, key, product, dana, browser):
    Client.objects.all().delete()
    client, secret = add(owner)
    product.client, product.secret = client, secret
    assert product.exchange(product.code(browser)).status_code == 200
    for page in (f"/admin/product/client/{client.pk}/change/", "/admin/product/client/", "/admin/"):
        assert secret not in owner.get(page).content.decode()
    assert not any(secret in str(row) for row in (Client.objects.values(), owner.session.items()))


def test_a_new_secret_voids_the_one_before(owner, key):
    client, old = add(owner)
    where = f"/admin/product/client/{client.pk}/change/"
    assert owner.post(where, GIVEN | {"name": "Store"}).status_code == 302
    client.refresh_from_db()
    assert client.name == "Store" and client.has_secret(old)
    new = secret_on(owner.post(where, GIVEN | {"another_secret": "on"}))
    client.refresh_from_db()
    assert client.has_secret(new) and not client.has_secret(old)


def test_a_product_made_public_has_no_secret_left(owner, key):
    client, old = add(owner)
    owner.post(f"/admin/product/client/{client.pk}/change/", GIVEN | {"client_type": "public"})
    client.refresh_from_db()
    assert client.client_secret == "" and not client.has_secret(old) and not client.has_secret("")


@pytest.mark.parametrize(
    "uri",
    ["", "http://app.acme.example/", "https://*.acme.example/", "https://a.example/#x", "a.example", "https://"],
)
def test_a_wrong_address_is_a_sentence_in_the_form(owner, uri):
    page = owner.post("/admin/product/client/add/", GIVEN | {"redirect_uris": uri})
    assert page.status_code == 200 and "errorlist" in page.content.decode() and not Client.objects.exists()


def test_what_the_environment_names_is_not_changed_here(owner, settings):
    settings.OIDC_CLIENTS = {"env": {"secret_hash": "", "redirect_uris": [BACK]}}
    client = Client.objects.create(client_id="env", redirect_uris=BACK, registration_source=ENVIRONMENT)
    where = f"/admin/product/client/{client.pk}"
    assert owner.get(f"{where}/change/").status_code == 200
    assert owner.post(f"{where}/change/", GIVEN).status_code == 403
    assert owner.post(f"{where}/delete/", {"post": "yes"}).status_code == 403


def test_nobody_else_opens_it_whatever_they_may(product):
    agent = Supporter.create(is_superuser=False)
    agent.user_permissions.set(Permission.objects.all())
    browser = Browser()
    browser.force_login(agent)
    for page in ("", "add/", f"{product.client.pk}/change/", f"{product.client.pk}/delete/"):
        assert browser.get(f"/admin/product/client/{page}").status_code == 403, page
    assert "product/client" not in browser.get("/admin/records/").content.decode()


def test_codes_and_tokens_are_shown_to_nobody():
    assert not {Grant, AccessToken, IDToken, RefreshToken} & set(admin.site._registry)
