"""A product that people reach through us, and one signing key for all tests: making one takes a second."""

import base64
import hashlib
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client as Browser
from jwcrypto import jwk, jwt

from product.models import Client, SigningKey
from product.oidc import keys
from tests.people import Person

BACK = "https://app.acme.example/oidc/callback/"
SECRET = "a-secret-that-is-long-enough-for-anybody"
VERIFIER = "v" * 64
SITE = "http://localhost:8000"


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def kept_key(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        key = keys._make(keys.timedelta(0))
        SigningKey.objects.all().delete()
    return key


@pytest.fixture
def key(db, kept_key) -> SigningKey:
    kept_key.save(force_insert=True)
    return kept_key


@dataclass
class Product:
    """What the product says to us, in its visitor's browser and by itself."""

    client: Client
    secret: str
    asked: dict[str, str] = field(default_factory=dict)

    def question(self, **other) -> dict[str, str]:
        facts = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": BACK,
            "scope": "openid profile email",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (facts | other).items() if value is not None}

    def send(self, browser: Browser, **other):
        """The visitor's browser, sent to us."""
        return browser.get("/oidc/authorize/", self.question(**other))

    def code(self, browser: Browser, **other) -> str:
        return came_back(self.send(browser, **other))["code"]

    def exchange(self, code: str, **other):
        facts = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": self.client.client_id,
            "client_secret": self.secret,
        }
        said = {name: value for name, value in (facts | other).items() if value is not None}
        return Browser().post("/oidc/token/", urlencode(said), content_type="application/x-www-form-urlencoded")

    def userinfo(self, token: str):
        return Browser().get("/oidc/userinfo/", headers={"Authorization": f"Bearer {token}"})


def came_back(response) -> dict[str, str]:
    """What the product is told in its visitor's address bar."""
    assert response.status_code == 302, response.content
    where = urlsplit(response["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == BACK, response["Location"]
    return {name: values[0] for name, values in parse_qs(where.query).items()}


def read(id_token: str) -> dict:
    """As a product reads it: by the published keys."""
    published = jwk.JWKSet()
    for key in Browser().get("/oidc/keys/").json()["keys"]:
        published.add(jwk.JWK(**key))
    return jwt.json_decode(jwt.JWT(key=published, jwt=id_token, algs=["RS256"]).claims)


@pytest.fixture
def product(key) -> Product:
    client = Client(client_id="shop", name="Shop", redirect_uris=BACK, post_logout_redirect_uris=f"{BACK}out/")
    secret = client.new_secret()
    client.save()
    return Product(client, secret)


@pytest.fixture
def dana(db):
    return Person.create(status="active", asked_at=None, email="dana@acme.example", name="Dana Sommer")


@pytest.fixture
def browser(dana) -> Browser:
    """Dana's, logged in."""
    browser = Browser()
    browser.force_login(dana)
    return browser
