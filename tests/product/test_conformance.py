"""Two clients that know nothing of us read what we publish: Authlib and mozilla-django-oidc. Keys are rotated."""

from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.django_client import OAuth
from django.core.exceptions import SuspiciousOperation
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client as Browser
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from product.models import SigningKey
from product.oidc import keys
from tests.product.conftest import BACK

KNOWN = {"email": "dana@acme.example", "email_verified": False, "name": "Dana Sommer", "company": "Acme"}


@pytest.fixture
def published(live_server, product, settings, monkeypatch) -> str:
    """The site, where a client's own HTTP library reaches it."""
    monkeypatch.setattr(keys, "BITS", 2048)
    settings.SITE_URL = live_server.url
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"OIDC_ISS_ENDPOINT": live_server.url}
    return live_server.url


def visit(browser: Browser, url: str) -> dict[str, str]:
    """The visitor's browser follows the product's redirect, and comes back with this."""
    back = browser.get(url)
    assert back.status_code == 302 and back["Location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(back["Location"]).query).items()}


def new_signs(before: str) -> None:
    """The key that was not there before takes over, as it does after its ten minutes."""
    SigningKey.objects.exclude(pk=before).update(signs_from=Now())


@pytest.fixture
def authlib(published, product):
    return OAuth().register(
        "arrivals",
        server_metadata_url=f"{published}/.well-known/openid-configuration",
        client_id="shop",
        client_secret=product.secret,
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )


def by_authlib(app, browser: Browser) -> dict:
    asked = app.create_authorization_url(BACK)
    back = visit(browser, asked["url"])
    assert back["state"] == asked["state"] and back["iss"] == app.load_server_metadata()["issuer"]
    token = app.fetch_access_token(code=back["code"], code_verifier=asked["code_verifier"], redirect_uri=BACK)
    claims = app.parse_id_token(token, nonce=asked["nonce"])
    assert dict(app.userinfo(token=token)).items() <= claims.items()
    return claims


def test_authlib_reads_all_of_it_before_and_after_a_rotation(authlib, browser, dana):
    assert by_authlib(authlib, browser).items() >= (KNOWN | {"sub": str(dana.pk), "aud": "shop"}).items()
    first = SigningKey.objects.get().pk
    call_command("rotate_oidc_key")
    assert by_authlib(authlib, browser)["sub"] == str(dana.pk)
    new_signs(first)
    assert by_authlib(authlib, browser)["sub"] == str(dana.pk), "it fetches the keys anew"


@pytest.fixture
def mozilla(published, product, settings) -> OIDCAuthenticationBackend:
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = "shop", product.secret
    settings.OIDC_RP_SIGN_ALGO, settings.OIDC_RP_SCOPES = "RS256", "openid profile email"
    settings.OIDC_USE_PKCE = True
    settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{published}/oidc/authorize/"
    settings.OIDC_OP_TOKEN_ENDPOINT = f"{published}/oidc/token/"
    settings.OIDC_OP_USER_ENDPOINT = f"{published}/oidc/userinfo/"
    settings.OIDC_OP_JWKS_ENDPOINT = f"{published}/oidc/keys/"
    return OIDCAuthenticationBackend()


def by_mozilla(backend, product, browser: Browser) -> tuple[dict, dict, str]:
    code = product.code(browser)
    told = backend.get_token(
        {
            "client_id": "shop",
            "client_secret": product.secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": "v" * 64,
        }
    )
    payload = backend.verify_token(told["id_token"], nonce="n-1")
    return payload, backend.get_userinfo(told["access_token"], told["id_token"], payload), told["id_token"]


def test_mozilla_django_oidc_reads_all_of_it_before_and_after_a_rotation(mozilla, product, browser, dana):
    payload, userinfo, before = by_mozilla(mozilla, product, browser)
    assert payload.items() >= userinfo.items() >= (KNOWN | {"sub": str(dana.pk)}).items()
    first = SigningKey.objects.get().pk
    call_command("rotate_oidc_key")
    new_signs(first)
    assert by_mozilla(mozilla, product, browser)[0]["sub"] == str(dana.pk)
    assert mozilla.verify_token(before, nonce="n-1")["sub"] == str(dana.pk), "an old token is still good"
    call_command("rotate_oidc_key", at_once=True)
    with pytest.raises(SuspiciousOperation):
        mozilla.verify_token(before, nonce="n-1")
    assert by_mozilla(mozilla, product, browser)[0]["sub"] == str(dana.pk)


def test_discovery_names_what_is_there(published):
    document = Browser().get("/.well-known/openid-configuration").json()
    assert document["issuer"] == published
    for name, where in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert where.startswith(published + "/oidc/")
            assert Browser().get(where.removeprefix(published)).status_code != 404, name
    assert document["code_challenge_methods_supported"] == ["S256"]
