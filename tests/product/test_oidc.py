"""OpenID Connect: one flow, each code once, claims that are true, and nothing for anybody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client as Browser
from jwcrypto import jwt
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken

from accounts.models import Account
from accounts.profile.deletion import delete_everything
from accounts.throttle import DOORS, Limit
from product.models import Client, SigningKey, SpentCode
from product.models.oidc import hash_of
from product.oidc import keys, sweep
from provisioning.models import State, Step, Workspace
from tests.product.conftest import BACK, SECRET, SITE, came_back, challenge, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A key of full size takes a second; the one that all tests share is such a one."""
    monkeypatch.setattr(keys, "BITS", 2048)


def test_who_is_ready_goes_through_and_is_known_by_their_claims(product, browser, dana):
    Workspace.objects.create(account=dana, key=dana.pk, reference="acme-1", backend="local")
    Step.objects.create(account=dana, kind="welcome_email", dependency="mail", state=State.OPEN, due_at=Now())
    back = came_back(product.send(browser))
    assert back["state"] == "s-1" and back["iss"] == SITE
    told = product.exchange(back["code"])
    assert told.status_code == 200 and "no-store" in told["Cache-Control"]
    assert set(told.json()) == {"access_token", "expires_in", "token_type", "scope", "id_token"}
    known = {
        "sub": str(dana.pk), "email": "dana@acme.example", "email_verified": False, "name": "Dana Sommer",
        "company": "Acme", "workspace": "acme-1", "owed": ["welcome_email"],
    }  # fmt: skip
    claims = read(told.json()["id_token"])
    assert claims.items() >= (known | {"iss": SITE, "aud": "shop", "nonce": "n-1"}).items()
    assert {"exp", "iat", "auth_time", "at_hash"} <= claims.keys()
    assert product.userinfo(told.json()["access_token"]).json() == known


def test_a_scope_that_is_not_asked_for_tells_nothing(product, browser, dana):
    told = product.exchange(product.code(browser, scope="openid")).json()
    assert product.userinfo(told["access_token"]).json() == {"sub": str(dana.pk)}
    assert not {"email", "name", "owed"} & read(told["id_token"]).keys()


def test_a_mailbox_that_was_proven_is_told(product, browser, dana):
    Account.objects.update(mailbox_proven_at=Now())
    told = product.exchange(product.code(browser)).json()
    assert product.userinfo(told["access_token"]).json()["email_verified"] is True


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, None),
        ({"redirect_uri": BACK + "?more=1"}, None),
        ({"redirect_uri": BACK.replace("https", "http")}, None),
        ({"redirect_uri": BACK.rstrip("/")}, None),
        ({"redirect_uri": BACK + "../callback/"}, None),
        ({"client_id": "nobody"}, None),
        ({"client_id": "no\x00body"}, None),
        ({"client_id": None}, None),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "x" * 300}, "invalid_request"),
        ({"nonce": "n" * 256}, "invalid_request"),
        ({"nonce": "n\x00"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"response_type": None}, "invalid_request"),
        ({"claims": "{"}, None),
        ({"prompt": "none login"}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("logged_in", [True, False])
def test_a_wrong_question_is_refused_whoever_brings_it(product, browser, other, error, logged_in):
    response = product.send(browser if logged_in else Browser(), **other)
    if error:
        back = came_back(response)
        assert (back["error"], back["iss"]) == (error, SITE) and "code" not in back
    else:
        assert response.status_code == 400 and "Location" not in response
        assert "Nothing you have with us has changed" in response.content.decode()
    assert not Grant.objects.exists()


def test_a_client_on_loopback_gets_no_other_port(product, browser):
    """The library lets any port through for 127.0.0.1; a redirect URI is compared as it stands."""
    Client.objects.update(redirect_uris="http://127.0.0.1:9000/back/")
    assert product.send(browser, redirect_uri="http://127.0.0.1:9001/back/").status_code == 400
    assert product.send(browser, redirect_uri="http://127.0.0.1:9000/back/").status_code == 302


def test_a_code_that_comes_twice_takes_its_token_back(product, browser):
    code = product.code(browser)
    token = product.exchange(code).json()["access_token"]
    assert product.userinfo(token).status_code == 200
    again = product.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert product.userinfo(token).status_code == 401
    assert not AccessToken.objects.exists() and not SpentCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_bring_a_code_at_once_one_gets_a_token_and_it_is_revoked(product, browser):
    code, together = product.code(browser), Barrier(2)

    def bring(_) -> int:
        together.wait(10)
        try:
            return product.exchange(code).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(bring, range(2))) == [200, 400]
    assert not AccessToken.objects.exists()


def test_anothers_replay_takes_nothing_back(product, browser):
    other = Client(client_id="other", name="Other", redirect_uris=BACK)
    secret = other.new_secret()
    other.save()
    code = product.code(browser)
    assert product.exchange(code, client_id="other", client_secret=secret).json()["error"] == "invalid_grant"
    token = product.exchange(code).json()["access_token"]
    assert product.exchange(code, client_id="other", client_secret=secret).status_code == 400
    assert product.userinfo(token).status_code == 200


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"redirect_uri": BACK + "x"}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"code": "c\x00de"}, "invalid_grant"),
        ({"code": "x" * 5000}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password", "username": "dana@acme.example", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused(product, browser, other, error):
    told = product.exchange(**({"code": product.code(browser)} | other))
    assert told.status_code in (400, 401) and told.json()["error"] == error
    assert not AccessToken.objects.exists()


def test_a_code_is_good_for_a_minute(product, browser):
    code = product.code(browser)
    Grant.objects.update(expires=Now() - timedelta(seconds=1))
    assert product.exchange(code).json()["error"] == "invalid_grant"
    assert Grant.objects.count() == 1
    sweep.forget_old()
    assert not Grant.objects.exists()


def test_a_public_client_has_no_secret_and_needs_none(product, browser):
    public = Client(client_id="phone", name="Phone", redirect_uris=BACK, client_type=Client.CLIENT_PUBLIC)
    assert public.new_secret() == ""
    public.save()
    code = product.code(browser, client_id="phone")
    for guess in ("", "x", public.client_secret):
        told = product.exchange(code, client_id="phone", client_secret=guess or None, code_verifier="w" * 64)
        assert told.json()["error"] in ("invalid_grant", "invalid_client")
    told = product.exchange(code, client_id="phone", client_secret=None)
    assert told.status_code == 200


def test_the_secret_is_nowhere_kept(product):
    assert product.secret not in str(Client.objects.values())
    assert len(product.secret) == 43


def test_tokens_are_kept_as_hashes_and_nothing_else_is_kept(product, browser):
    told = product.exchange(product.code(browser)).json()
    kept = str(AccessToken.objects.values()) + str(SpentCode.objects.values())
    assert told["access_token"] not in kept and told["id_token"] not in kept
    assert not IDToken.objects.exists() and not RefreshToken.objects.exists()


def test_without_pages_who_is_not_ready_is_an_error(product, browser, dana):
    assert came_back(product.send(Browser(), prompt="none"))["error"] == "login_required"
    assert "code" in came_back(product.send(browser, prompt="none"))
    Account.objects.update(status="created")
    assert came_back(product.send(browser, prompt="none"))["error"] == "interaction_required"
    Account.objects.update(status="active", last_login=Now() - timedelta(hours=1))
    assert came_back(product.send(browser, prompt="none", max_age="60"))["error"] == "login_required"


def test_a_suspended_person_gets_no_code_and_their_token_opens_nothing(product, browser, dana):
    code, used = product.code(browser), product.code(browser)
    token = product.exchange(used).json()["access_token"]
    Account.objects.update(is_active=False)
    assert product.userinfo(token).status_code == 401
    assert product.exchange(code).json()["error"] == "invalid_grant"
    assert product.send(browser)["Location"] == "/login/"


def test_with_an_account_its_codes_and_tokens_go(product, browser, dana):
    product.code(browser)
    token = product.exchange(product.code(browser)).json()["access_token"]
    assert Grant.objects.exists() and SpentCode.objects.exists()
    delete_everything(dana)
    assert not Grant.objects.exists() and not AccessToken.objects.exists() and not SpentCode.objects.exists()
    assert product.userinfo(token).status_code == 401


def test_what_has_ended_is_swept(product, browser):
    product.exchange(product.code(browser))
    sweep.forget_old()
    assert AccessToken.objects.exists()
    AccessToken.objects.update(expires=Now() - timedelta(seconds=1))
    sweep.forget_old()
    assert not AccessToken.objects.exists() and not SpentCode.objects.exists()


def test_the_question_takes_few_queries_and_no_hash(product, browser, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr("django.contrib.auth.hashers.make_password", None)
    monkeypatch.setattr("django.contrib.auth.hashers.verify_password", None)
    with django_assert_max_num_queries(12):
        code = product.code(browser)
    with django_assert_max_num_queries(24):
        told = product.exchange(code).json()
    with django_assert_max_num_queries(6):
        product.userinfo(told["access_token"])


# Keys


def test_a_key_is_made_once_and_its_private_half_cannot_be_read_from_the_database(product, browser, settings):
    keys.sign({"a": 1})
    assert SigningKey.objects.count() == 1
    assert "ENCRYPTED" in SigningKey.objects.get().private
    settings.SECRET_KEY = "another" * 10
    token = keys.sign({"iss": SITE})
    assert SigningKey.objects.count() == 2 and keys.read(token)


def test_the_first_key_is_made_by_the_sweep_where_a_product_is_named(settings):
    sweep.forget_old()
    assert not SigningKey.objects.exists()
    settings.OIDC_CLIENTS = {"env": {"secret_hash": "", "redirect_uris": [BACK]}}
    sweep.forget_old()
    sweep.forget_old()
    assert SigningKey.objects.count() == 1


def test_a_new_key_is_published_before_it_signs_and_the_old_one_stays_until_its_tokens_ended(product, browser):
    old = SigningKey.objects.get()
    before = product.exchange(product.code(browser)).json()["id_token"]
    call_command("rotate_oidc_key")
    new = SigningKey.objects.exclude(pk=old.pk).get()
    published = Browser().get("/oidc/keys/")
    assert [key["kid"] for key in published.json()["keys"]] == [new.kid, old.kid]
    assert "max-age=600" in published["Cache-Control"]
    assert len(old.public["n"]) == 512, "3072 bits"
    assert not any({"d", "p", "q"} & key.keys() for key in published.json()["keys"])
    assert jwt.JWT(jwt=product.exchange(product.code(browser)).json()["id_token"]).token.jose_header["kid"] == old.kid
    SigningKey.objects.filter(pk=new.pk).update(signs_from=Now())
    after = product.exchange(product.code(browser)).json()["id_token"]
    assert jwt.JWT(jwt=after).token.jose_header["kid"] == new.kid
    assert read(before)["sub"] == read(after)["sub"]
    sweep.forget_old()
    assert SigningKey.objects.count() == 2
    SigningKey.objects.update(signs_from=F("signs_from") - timedelta(seconds=3600 + 601))
    sweep.forget_old()
    assert [key.kid for key in SigningKey.objects.all()] == [new.kid]


def test_a_stolen_key_is_void_at_once(product, browser):
    before = product.exchange(product.code(browser)).json()["id_token"]
    call_command("rotate_oidc_key", at_once=True)
    assert SigningKey.objects.count() == 1 and keys.read(before) is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "\x00"])
def test_what_is_no_token_of_ours_is_none(token, key):
    assert keys.read(token) is None


# Clients that the environment names


@pytest.fixture
def named(key, settings):
    settings.OIDC_CLIENTS = {"env": {"secret_hash": hash_of(SECRET), "redirect_uris": [BACK]}}
    return settings.OIDC_CLIENTS


def test_a_client_of_the_environment_needs_nothing_else(named, product, browser):
    product.client, product.secret = Client(client_id="env"), SECRET
    assert product.exchange(product.code(browser)).status_code == 200
    kept = Client.objects.get(client_id="env")
    assert kept.post_logout_redirect_uris == "https://app.acme.example/" and SECRET not in kept.client_secret


def test_what_stands_in_the_environment_counts_from_the_next_question_on(named, product, browser, settings):
    product.client, product.secret = Client(client_id="env"), SECRET
    product.code(browser)
    named["env"]["redirect_uris"] = ["https://elsewhere.example/"]
    assert product.send(browser).status_code == 400
    named["env"]["redirect_uris"] = [BACK]
    named["env"]["secret_hash"] = hash_of("another secret")
    assert product.exchange(product.code(browser)).json()["error"] == "invalid_client"
    settings.OIDC_CLIENTS = {}
    assert product.send(browser).status_code == 400


def test_challenge_is_what_the_standard_says():
    """RFC 7636, appendix B."""
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_who_guesses_secrets_is_held_back_and_other_networks_are_not(product, browser, monkeypatch):
    few = Limit("token refused", "network", 3)
    monkeypatch.setitem(DOORS, "token refused", (few,))
    guess = {"grant_type": "authorization_code", "client_id": "shop", "client_secret": "guess", "code": "x"}
    told = [Browser().post("/oidc/token/", guess, REMOTE_ADDR="192.0.2.1") for _guess in range(5)]
    assert [answer.status_code for answer in told] == [401, 401, 401, 429, 429]
    assert 0 < int(told[-1]["Retry-After"]) <= few.seconds
    assert product.exchange(product.code(browser)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "query"), [("de-AT en", "?language=de"), ("pt-BR DE", "?language=de"), ("pt", ""), ("", "")]
)
def test_the_pages_on_the_way_are_in_the_language_that_the_product_asks_for(product, asked, query):
    visitor = Browser()
    sent = product.send(visitor, ui_locales=asked)
    assert sent["Location"] == f"/login/{query}"
    if query:
        assert 'lang="de"' in visitor.get(sent["Location"]).content.decode()


def test_a_language_chosen_in_this_browser_stays(product, settings):
    visitor = Browser()
    visitor.get("/login/?language=en")
    assert product.send(visitor, ui_locales="de")["Location"] == "/login/"


def test_a_network_that_asks_too_often_is_held_back_before_its_code_is_looked_at(product, browser, monkeypatch):
    monkeypatch.setitem(DOORS, "token", (Limit("token", "network", 1),))
    assert product.exchange(product.code(browser)).status_code == 200
    code = product.code(browser)
    assert product.exchange(code).status_code == 429
    monkeypatch.setitem(DOORS, "token", (Limit("token", "network", 3),))
    assert product.exchange(code).status_code == 200
