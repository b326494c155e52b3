"""Strangers guess from everywhere; whose the address is gets in all the same, and no door is shut for everybody."""

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client, RequestFactory

from accounts import throttle
from accounts.models import Account, SignupClaim, Tries
from accounts.status import Status
from provisioning.sweep import sweep
from support.models import Message
from tests.door.letters import newest_link
from tests.door.visit import WHO, visit
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db(transaction=True)
DANA = "dana@acme.example"
NEW = "a new and long passphrase"
HOME, TRAIN = "203.0.113.7", "192.0.2.1"


def come_in(browser: Client, password=PASSWORD, email=DANA, path="/login/", **where) -> int:
    return browser.post(path, {"email": email, "username": email, "password": password}, **where).status_code


def three_hundred_guesses(email=DANA, door="login", networks=100) -> None:
    for number in range(networks):
        for _ in range(3):
            try:
                throttle.spend(RequestFactory(REMOTE_ADDR=f"198.51.{number}.1").post("/"), door, email)
            except throttle.TooMany:
                break


def spent_overall(*whats: str) -> None:
    """As if thousands had tried, each from a network of its own."""
    for what in whats:
        request = RequestFactory(REMOTE_ADDR="198.51.100.1").post("/")
        door = {"guess": "login"}.get(what, what)
        throttle.spend(request, door, "nobody@acme.example")
        Tries.objects.filter(key__startswith=f"{what} all ").update(count=1_000_000)


@pytest.fixture
def dana():
    return Person.create(email=DANA, status=Status.ACTIVE, asked_at=None)


def test_a_stranger_is_held_back(dana):
    three_hundred_guesses()
    browser = Client(REMOTE_ADDR=TRAIN)
    assert come_in(browser) == 429
    page = browser.post("/login/", {"email": DANA, "password": PASSWORD}).content.decode()
    assert "you can also get in by email" in page and "/password/reset/" in page


def test_the_browser_that_signed_up_gets_in():
    browser = Client(REMOTE_ADDR=HOME)
    browser.post("/signup/", WHO | {"email": DANA})
    three_hundred_guesses()
    assert come_in(browser) == 302


def test_and_from_another_network():
    browser = Client(REMOTE_ADDR=HOME)
    browser.post("/signup/", WHO | {"email": DANA})
    three_hundred_guesses()
    assert come_in(browser, REMOTE_ADDR=TRAIN) == 302


def test_the_network_that_signed_up_gets_in():
    Client(REMOTE_ADDR=HOME).post("/signup/", WHO | {"email": DANA})
    three_hundred_guesses()
    assert come_in(Client(REMOTE_ADDR=HOME)) == 302


def test_the_browser_that_logged_in_once_gets_in_from_anywhere(dana):
    browser = Client(REMOTE_ADDR=HOME)
    assert come_in(browser) == 302
    browser.post("/logout/")
    three_hundred_guesses()
    assert come_in(browser, REMOTE_ADDR=TRAIN) == 302


def test_the_desk_on_a_train():
    jordan, laptop = Supporter.create(), Client(REMOTE_ADDR=HOME)
    assert come_in(laptop, email=jordan.email, path="/admin/login/") == 302
    laptop.post("/logout/")
    three_hundred_guesses(jordan.email)
    assert come_in(Client(REMOTE_ADDR=TRAIN), email=jordan.email, path="/admin/login/") == 429
    assert come_in(laptop, email=jordan.email, path="/admin/login/", REMOTE_ADDR=TRAIN) == 302


def test_a_claim_is_enough(dana):
    """Of a browser that signed up before we knew browsers."""
    browser = Client(REMOTE_ADDR=TRAIN)
    browser.get("/signup/")
    browser.post("/signup/", WHO | {"email": DANA})
    del browser.cookies["known"]
    Tries.objects.all().delete()
    three_hundred_guesses()
    assert come_in(browser) == 302
    SignupClaim.objects.update(seen_at=F("seen_at") - throttle.LONGEST)
    Tries.objects.filter(key__startswith="known").delete()
    browser.post("/logout/")
    browser.cookies.pop("known", None)
    assert come_in(browser) == 429


@pytest.mark.parametrize("door", ["/password/reset/", "/resend/"])
def test_a_new_phone_gets_in_by_the_letter(world, dana, door):
    Account.objects.filter(pk=dana.pk).update(status=Status.CREATED, asked_at=Now())
    sweep()
    three_hundred_guesses()
    three_hundred_guesses()
    phone = Client(REMOTE_ADDR=TRAIN)
    assert come_in(phone) == 429
    phone.post(door, {"email": DANA})
    sweep()
    assert phone.post(newest_link(world[0], DANA), {"password": NEW}).status_code == 200
    assert come_in(phone, NEW) == 302
    assert come_in(Client(REMOTE_ADDR="192.0.2.2"), NEW) == 429


def test_whoever_shares_her_network_cannot_hold_her_back(dana):
    browser = Client(REMOTE_ADDR=HOME)
    assert come_in(browser) == 302
    for _ in range(12):
        come_in(Client(REMOTE_ADDR=HOME), "a wrong password")
    for number in range(110):
        try:
            throttle.spend(RequestFactory(REMOTE_ADDR=HOME).post("/"), "login", f"{number}@acme.example")
        except throttle.TooMany:
            break
    assert come_in(Client(REMOTE_ADDR=HOME)) == 429
    assert come_in(browser) == 302


def test_a_known_browser_is_no_free_pass(dana):
    browser = Client(REMOTE_ADDR=HOME)
    assert come_in(browser) == 302
    browser.post("/logout/")
    answers = [come_in(browser, "a wrong password", REMOTE_ADDR=f"192.0.2.{n}") for n in range(11)]
    assert answers == [200] * 10 + [429]
    other = Person.create()
    answers = [come_in(browser, "a wrong password", email=other.email) for _ in range(11)]
    assert answers == [200] * 10 + [429]


@pytest.mark.parametrize("forged", ["", "~", "x.y.z", "738000.abc." + "0" * 32, "a" * 4000])
def test_nobody_makes_a_browser_known_but_us(dana, forged):
    browser = Client(REMOTE_ADDR=TRAIN)
    browser.cookies["known"] = forged
    three_hundred_guesses()
    assert come_in(browser) == 429


def test_the_cookie_of_one_address_is_none_for_another(dana):
    stranger = Client(REMOTE_ADDR=TRAIN)
    stranger.post("/signup/", WHO | {"email": "mallory@evil.example"})
    three_hundred_guesses()
    assert come_in(stranger) == 429


def test_two_people_at_one_browser(dana):
    bo = Person.create(email="bo@lund.example", status=Status.ACTIVE, asked_at=None)
    browser = Client(REMOTE_ADDR=HOME)
    for _ in range(4):
        assert (come_in(browser), come_in(browser, email=bo.email)) == (302, 302)
    browser.post("/logout/")
    three_hundred_guesses()
    three_hundred_guesses(bo.email)
    assert come_in(browser, REMOTE_ADDR=TRAIN) == 302
    assert come_in(browser, email=bo.email, REMOTE_ADDR=TRAIN) == 302


def test_a_taken_address_cannot_be_told_by_the_cookie(dana):
    seen = []
    for address in ("free@acme.example", DANA):
        browser, lengths = Client(REMOTE_ADDR=TRAIN), []
        for _ in range(3):
            before = visit(browser, "post", "/signup/", WHO | {"email": address, "password": NEW}, echo=address)
            lengths.append((before, [len(entry) for entry in browser.cookies["known"].value.split("~")]))
        seen.append(lengths[:1] + [length for _before, length in lengths])
    assert seen[0] == seen[1]


def test_and_gives_a_stranger_nothing(dana):
    stranger = Client(REMOTE_ADDR=TRAIN)
    stranger.post("/signup/", WHO | {"email": DANA, "password": NEW})
    three_hundred_guesses()
    assert come_in(stranger) == 429


def test_guesses_at_an_address_do_not_keep_its_owner_from_signing_up():
    three_hundred_guesses()
    browser = Client(REMOTE_ADDR=TRAIN)
    assert browser.post("/signup/", WHO | {"email": DANA}).status_code == 302
    assert come_in(browser) == 302


def test_but_signing_up_is_no_way_to_go_on_guessing(dana):
    three_hundred_guesses()
    browser = Client(REMOTE_ADDR=TRAIN)
    free = visit(Client(REMOTE_ADDR=TRAIN), "post", "/signup/", WHO | {"email": "x@y.example"}, echo="x@y.example")
    taken = visit(browser, "post", "/signup/", WHO | {"email": DANA}, echo=DANA)
    assert free.hashes == taken.hashes == 1 and taken.status == 302
    assert not SignupClaim.objects.get(email=DANA).proven, "not even with the right password"
    assert "Your workspace isn't ready yet" in browser.get("/arriving/").content.decode()


def test_ten_thousand_guesses_overall_shut_nobody_out(dana):
    spent_overall("guess")
    assert come_in(Client(REMOTE_ADDR=TRAIN)) == 302
    assert come_in(Client(REMOTE_ADDR=HOME), "a slip") == 200
    guesser = Client(REMOTE_ADDR="198.51.100.77")
    answers = [come_in(guesser, "wrong", email=f"{n}@acme.example") for n in range(7)]
    assert answers == [200] * 5 + [429] * 2


def test_nor_from_signing_up_asking_or_writing():
    spent_overall("guess", "signup", "letter", "contact")
    browser = Client(REMOTE_ADDR=TRAIN)
    assert browser.post("/signup/", WHO | {"email": DANA}).status_code == 302
    assert browser.post("/password/reset/", {"email": DANA}).status_code == 302
    assert browser.post("/contact/", {"email": DANA, "message": "hello"}).status_code == 302
    assert Account.objects.filter(email=DANA).exists() and Message.objects.exists()
    crowd = [Client(REMOTE_ADDR="198.51.100.77").post("/contact/", {"email": DANA, "message": "x"}) for _ in range(7)]
    assert [answer.status_code for answer in crowd] == [302] * 5 + [429] * 2


def test_held_back_alike_known_or_not(dana):
    three_hundred_guesses()
    three_hundred_guesses("free@acme.example")
    seen = [
        visit(Client(REMOTE_ADDR=TRAIN), "post", "/login/", {"email": email, "password": "x"}, echo=email)
        for email in (DANA, "free@acme.example")
    ]
    assert (seen[0].status, seen[0].headers.keys(), seen[0].queries) == (429, seen[1].headers.keys(), seen[1].queries)
