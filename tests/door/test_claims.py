"""The cookie of the browser that signed up: made by the server, one person's, and over at the server."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.claims import hash_token
from accounts.models import Account, SignupClaim
from accounts.status import Status
from provisioning.sweep import sweep
from tests.door.letters import newest_link, subjects
from tests.door.visit import WHO
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)
DANA = WHO | {"email": "dana@acme.example"}
BO = WHO | {"email": "bo@other.example", "name": "Bo Lund", "password": "quite another passphrase"}
OTHER = "somebody else's passphrase"


def signed_up(browser: Client | None = None, **changes) -> Client:
    browser = browser or Client()
    assert browser.post("/signup/", DANA | changes)["Location"] == "/arriving/"
    return browser


def copy_of(browser: Client) -> Client:
    """Somebody took the cookie."""
    thief = Client()
    thief.cookies["claim"] = browser.cookies["claim"].value
    return thief


def room(browser: Client) -> str:
    return browser.get("/arriving/").content.decode()


def knows_nothing(browser: Client) -> bool:
    page = room(browser)
    return "Log in to see" in page and DANA["email"] not in page


@pytest.mark.parametrize("chosen", ["x" * 43, "A" * 64, "0" * 40])
def test_a_token_is_never_the_visitors_choice(world, chosen):
    browser = Client()
    browser.cookies["claim"] = chosen
    browser.get("/signup/")
    signed_up(browser)
    assert browser.cookies["claim"].value != chosen
    assert not SignupClaim.objects.filter(token_hash=hash_token(chosen)).exists()
    planted = Client()
    planted.cookies["claim"] = chosen
    assert knows_nothing(planted)


def test_nor_one_that_somebody_else_was_given(world):
    """Planted in her browser before she signs up, it would be a window into her sign-up."""
    theirs = signed_up(email="eve@evil.example")
    hers = copy_of(theirs)
    signed_up(hers)
    assert "dana@acme.example" in room(hers)
    assert knows_nothing(theirs)


def test_a_second_sign_up_goes_on_under_a_new_token(world):
    browser = signed_up()
    copy = copy_of(browser)
    signed_up(browser, password=OTHER)
    assert SignupClaim.objects.get().proven, "she has typed the right one before"
    assert knows_nothing(copy)


def test_logging_out_ends_it_at_the_server(world):
    browser = signed_up()
    sweep()
    copy = copy_of(browser)
    assert DANA["email"] in room(copy)
    browser.post("/logout/")
    assert knows_nothing(copy) and knows_nothing(browser)
    assert copy.post("/arriving/address/", {"email": "eve@evil.example", "password": PASSWORD}).status_code == 302
    assert Account.objects.get().email == DANA["email"]


@pytest.mark.parametrize("who", [DANA, BO], ids=["herself", "as somebody else"])
def test_logging_in_ends_it_at_the_server(world, who):
    Person.create(email=BO["email"], status=Status.ACTIVE, asked_at=None)
    browser = signed_up()
    copy = copy_of(browser)
    browser.post("/login/", {"email": who["email"], "password": PASSWORD})
    assert knows_nothing(copy)
    browser.post("/logout/")
    assert knows_nothing(browser)


def test_a_finished_sign_up_ends_it(world):
    browser = signed_up()
    sweep()
    copy = copy_of(browser)
    browser.post(newest_link(world[0], DANA["email"]))
    assert knows_nothing(copy)


def test_an_unfinished_one_is_still_shown(world):
    world[1].mode = "503"
    browser = signed_up()
    sweep()
    browser.post(newest_link(world[0], DANA["email"]))
    assert "fault on our side" in room(browser)


def test_its_time_is_over_at_the_server_too(world):
    browser = signed_up()
    SignupClaim.objects.update(seen_at=Now() - timedelta(days=8))
    assert knows_nothing(browser)


def test_a_letter_that_it_owes_is_written_all_the_same(world):
    Person.create(email=DANA["email"], status=Status.ACTIVE, asked_at=None)
    signed_up(password=OTHER).post("/logout/")
    sweep()
    assert subjects(world[0], DANA["email"]) == ["You already have an account with Arrivals"]


# Two people at one browser.


@pytest.fixture(params=["signed up", "logged in"])
def after_dana(request, world):
    """A browser that Dana used, and left as it was."""
    browser = signed_up()
    sweep()
    if request.param == "logged in":
        browser.post("/login/", {"email": DANA["email"], "password": PASSWORD})
    return browser


@pytest.mark.parametrize("taken", [False, True], ids=["free", "taken"])
def test_the_second_is_told_of_their_own_sign_up(after_dana, taken):
    if taken:
        Person.create(email=BO["email"], name="Somebody", status=Status.ACTIVE, asked_at=None)
    signed_up(after_dana, **BO)
    pages = [room(after_dana), *(after_dana.get(f"/arriving/{page}/").content.decode() for page in ("address",))]
    assert "We have your sign-up, Bo." in pages[0]
    for page in pages:
        assert BO["email"] in page.replace("&#x27;", "'") and DANA["email"] not in page and "Dana" not in page


def test_and_may_correct_their_own(after_dana):
    signed_up(after_dana, **BO | {"email": "bo@oter.example"})
    after_dana.post("/arriving/address/", {"email": BO["email"], "password": BO["password"]})
    assert set(Account.objects.values_list("email", flat=True)) == {DANA["email"], BO["email"]}
    assert BO["email"] in room(after_dana)


def test_when_the_second_leaves_the_first_is_not_shown(after_dana):
    signed_up(after_dana, **BO)
    after_dana.post("/arriving/delete/", {"password": BO["password"]})
    assert knows_nothing(after_dana)
    assert Account.objects.filter(email=DANA["email"]).exists()


def test_nor_when_the_second_is_removed_elsewhere(after_dana):
    signed_up(after_dana, **BO)
    Account.objects.filter(email=BO["email"]).delete()
    assert knows_nothing(after_dana)


def test_who_signs_up_again_with_the_own_address_stays_logged_in(world):
    browser = signed_up()
    sweep()
    browser.post("/login/", {"email": DANA["email"], "password": PASSWORD})
    signed_up(browser)
    assert browser.get("/home/").status_code == 200
