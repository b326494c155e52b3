"""Somebody else signed up with her address first. Who proves the mailbox has the account, with her own details."""

import pytest
from django.test import Client

from accounts.models import Account
from provisioning.sweep import sweep
from tests.door.letters import link_in, newest_link
from tests.door.visit import WHO
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "dana@acme.example"
STRANGER = WHO | {"email": EMAIL, "name": "Mallory M", "phone": "+1 555 0100 66", "company": "Evil Inc"}
HERS = WHO | {
    "email": EMAIL,
    "name": "Dana Sommer",
    "phone": "+49 30 901820",
    "company": "Acme",
    "password": "her own long phrase",
}
NEW = "a quite different passphrase"


def signs_up(who: dict) -> Client:
    browser = Client()
    browser.post("/signup/", who)
    return browser


def dana() -> Account:
    return Account.objects.get(email=EMAIL)


def details() -> tuple[str, str, str]:
    return dana().name, dana().phone, dana().company


def text(answer) -> str:
    return answer.content.decode().replace("&#x27;", "'")


@pytest.fixture
def after_the_stranger(world):
    """The path in the first letter."""
    signs_up(STRANGER)
    sweep()
    return newest_link(world[0], EMAIL)


def second_letter(world) -> str:
    [letter] = [letter for letter in world[0].to(EMAIL) if "already" in letter["Subject"]]
    return link_in(letter)


@pytest.mark.parametrize("where", ["in her browser", "on her phone"])
def test_what_she_typed_is_hers(world, after_the_stranger, where):
    browser = signs_up(HERS)
    sweep()
    path, reader = second_letter(world), browser if where == "in her browser" else Client()
    page = text(reader.get(path))
    assert 'value="Dana Sommer"' in page and 'value="Acme"' in page and "ending in 20" in page
    assert "Mallory" not in page and "Evil" not in page and HERS["phone"] not in page
    reader.post(path, {"choice": "new", "password": NEW})
    assert details() == ("Dana Sommer", "+49 30 901820", "Acme")


@pytest.mark.parametrize("page", ["confirm", "reset"])
def test_she_puts_it_right_in_the_same_press(world, after_the_stranger, page):
    path = after_the_stranger
    if page == "reset":
        Client().post("/password/reset/", {"email": EMAIL})
        sweep()
        path = newest_link(world[0], EMAIL)
    asked = text(Client().get(path))
    assert 'value="Mallory M"' in asked and STRANGER["phone"] not in asked, "it may be somebody's who mistyped"
    Client().post(path, {"name": "Dana Sommer", "phone": "+49 30 901820", "company": "Acme", "password": NEW})
    assert details() == ("Dana Sommer", "+49 30 901820", "Acme")
    assert Client().post("/login/", {"email": EMAIL, "password": NEW}).status_code == 302


def test_what_is_left_empty_stays_and_can_be_changed_later(world, after_the_stranger):
    Client().post(after_the_stranger, {"password": NEW, "name": "Dana Sommer", "phone": "", "company": ""})
    assert details() == ("Dana Sommer", STRANGER["phone"], "Evil Inc")
    browser = Client()
    browser.post("/login/", {"email": EMAIL, "password": NEW})
    changed = {"name": "Dana S", "phone": HERS["phone"], "company": "Acme", "language": "en", "zone": ""}
    browser.post("/account/", changed)
    assert details() == ("Dana S", HERS["phone"], "Acme")


def test_a_wrong_detail_uses_nothing_up(world, after_the_stranger):
    page = text(Client().post(after_the_stranger, {"password": NEW, "name": "Dana", "phone": "4" * 201}))
    assert "Please shorten this to 200 characters" in page and 'value="Dana"' in page
    assert not dana().mailbox_proven_at


def test_a_link_changes_no_detail_of_an_account_that_is_hers(world):
    browser = signs_up(HERS)
    sweep()
    browser.post(newest_link(world[0], EMAIL))
    signs_up(STRANGER)
    sweep()
    Client().post(second_letter(world), STRANGER | {"choice": "new", "password": NEW})
    assert dana().check_password(NEW)
    assert details() == ("Dana Sommer", "+49 30 901820", "Acme")


def test_where_the_letter_was_wanted_once_is_forgotten(world):
    """They had put the address right, to one that was somebody's; then the mailbox they have was proven."""
    Person.create(email="taken@acme.example")
    browser = signs_up(HERS)
    sweep()
    browser.post("/arriving/address/", {"email": "taken@acme.example", "password": HERS["password"]})
    assert dana().address_taken
    Client().post("/password/reset/", {"email": EMAIL})
    sweep()
    Client().post(newest_link(world[0], EMAIL), {"password": PASSWORD})
    assert (dana().address_taken, dana().written_to) == ("", EMAIL)
