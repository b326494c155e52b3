"""A page of one's own: what is changed there, by which proof, what ends with it, and who is told."""

from datetime import timedelta
from importlib import import_module
from zoneinfo import available_timezones

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Event, Login, Tries
from accounts.profile import sessions
from accounts.status import Status
from provisioning.models import State, Step
from provisioning.sweep import sweep
from tests.door.conftest import _mail, _workspaces, mail, quiet, workspaces, world
from tests.door.letters import newest_link, subjects, words_of
from tests.door.visit import visit
from tests.people import PASSWORD, Person

__all__ = ["_mail", "_workspaces", "mail", "quiet", "workspaces", "world"]

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "dana@acme.example", "dana@new.example"
PHRASE = "a quite different passphrase"
PAGES = ("/account/", "/account/password/", "/account/address/", "/account/sessions/", "/account/export/")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
DETAILS = {"name": "Dana Winter", "phone": "+44 20 7946 0000", "company": "Acme GmbH", "language": "en", "zone": ""}


@pytest.fixture
def dana(world) -> Account:
    account = Person.create(email=OLD, status=Status.ACTIVE, asked_at=None, mailbox_proven_at=Now())
    for kind in ("welcome_email", "workspace"):
        Step.objects.create(account=account, kind=kind, dependency="mail", state=State.DONE, done_at=Now())
    account.refresh_from_db()
    return account


def logged_in(agent: str = "", **headers) -> Client:
    browser = Client(headers={"user-agent": agent, **headers})
    assert browser.post("/login/", {"email": OLD, "password": PASSWORD}).status_code == 302
    return browser


def text(answer) -> str:
    return answer.content.decode().replace("&#x27;", "'")


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


# Who may see it.


@pytest.mark.parametrize("path", PAGES)
def test_nobody_else_sees_it(dana, path):
    assert Client().get(path)["Location"] == f"/login/?next={path}"
    assert Client().post(path, DETAILS).status_code == 302
    answer = logged_in().get(path)
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)


@pytest.mark.parametrize("status", [Status.CREATED, Status.EMAIL_SENT, Status.PROVISIONED, Status.FAILED])
@pytest.mark.parametrize("path", PAGES)
def test_it_is_there_before_the_workspace_is(dana, status, path):
    Account.objects.update(status=status, mailbox_proven_at=None)
    assert logged_in().get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/login/", "/signup/", "/contact/", "/home/", "/account/", "/arriving/", "/x/"]
)
def test_every_page_says_who_is_logged_in(dana, path):
    header = text(logged_in().get(path)).split("</header>")[0].split("<header>")[1]
    assert "/account/" in header and "Log out" in header and "Log in" not in header
    if path not in ("/home/", "/account/"):
        stranger = text(Client().get(path)).split("</header>")[0].split("<header>")[1]
        assert "/account/" not in stranger and "Log out" not in stranger


# What they gave us.


def test_what_they_gave_is_changed(dana):
    browser = logged_in()
    page = browser.post("/account/", DETAILS, follow=True)
    assert "Your changes are saved" in text(page)
    dana.refresh_from_db()
    assert {name: getattr(dana, name) for name in DETAILS} == DETAILS
    line = Event.objects.get(kind="changed_details")
    assert line.detail == "name, phone, company" and "Winter" not in line.detail
    assert "Your changes are saved" not in text(browser.get("/account/")), "said once"


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"phone": "4" * 201}, {"company": ""}, {"zone": "Mars/Crater"}], ids=str
)
def test_nothing_typed_is_lost(dana, wrong):
    page = text(logged_in().post("/account/", DETAILS | {"name": "Dana W.", "company": "W & Co"} | wrong))
    assert "Please check the following" in page
    for value in ({"name": "Dana W.", "company": "W &amp; Co"} | wrong).values():
        assert not value or f'value="{value}"' in page or value == "Mars/Crater"
    dana.refresh_from_db()
    assert dana.company == "Acme"


def test_what_is_not_asked_for_is_not_changed(dana):
    logged_in().post("/account/", DETAILS | {"is_staff": "1", "status": "created", "email": NEW, "password": PHRASE})
    dana.refresh_from_db()
    assert (dana.is_staff, dana.status, dana.email, dana.check_password(PASSWORD)) == (False, "active", OLD, True)


def test_a_company_that_was_refused_is_tried_again(dana):
    Account.objects.update(status=Status.FAILED, asked_at=None)
    logged_in().post("/account/", DETAILS)
    dana.refresh_from_db()
    assert dana.asked_at


def test_the_language_is_theirs_on_every_device(dana, world):
    page = logged_in().post("/account/", DETAILS | {"language": "de"}, follow=True)
    assert '<html lang="de"' in text(page)
    elsewhere = logged_in(**{"accept-language": "en"})
    assert '<html lang="de"' in text(elsewhere.get("/account/"))
    assert elsewhere.get("/account/")["Content-Language"] == "de"
    elsewhere.get("/account/?language=en")
    assert '<html lang="en"' in text(elsewhere.get("/account/")), "what this browser chose goes first"
    Client().post("/password/reset/", {"email": OLD})
    sweep()
    assert "Guten Tag" in words_of(world[0].to(OLD)[-1])


def test_the_time_zone_is_theirs(dana):
    browser = logged_in()
    assert " UTC</time>" in text(browser.get("/account/sessions/"))
    browser.post("/account/", DETAILS | {"zone": "Asia/Tokyo"})
    page = text(browser.get("/account/sessions/"))
    assert " JST</time>" in page and 'data-zone="Asia/Tokyo"' in page
    assert 'value="Asia/Tokyo" selected' in text(browser.get("/account/"))


def test_a_zone_that_is_known_no_more_stops_nobody(dana):
    Account.objects.update(zone="Mars/Crater")
    assert " UTC</time>" in text(logged_in().get("/account/sessions/"))


def test_every_zone_on_the_page_exists(dana):
    page = text(logged_in().get("/account/"))
    zones = [part.split('"')[0] for part in page.split('name="zone"')[1].split('<option value="')[1:]]
    assert len(zones) > 300 and set(zones) - {""} <= available_timezones()


# The password.


def change(browser: Client, old: str = PASSWORD, new: str = PHRASE):
    return browser.post("/account/password/", {"password": old, "new_password": new}, follow=True)


def test_the_password_is_changed(dana, world):
    here, elsewhere = logged_in(), logged_in()
    assert "Your new password works" in text(change(here))
    assert is_in(here) and not is_in(elsewhere)
    assert Client().post("/login/", {"email": OLD, "password": PHRASE}).status_code == 302
    assert Client().post("/login/", {"email": OLD, "password": PASSWORD}).status_code == 200
    sweep()
    assert subjects(world[0], OLD) == ["Your password was changed"]
    assert Event.objects.filter(account=dana, kind="changed_password", shown="own.password_changed").count() == 1


def test_and_links_that_are_out_are_over(dana, world):
    Client().post("/password/reset/", {"email": OLD})
    sweep()
    link = newest_link(world[0], OLD)
    assert Client().get(link).status_code == 200
    change(logged_in())
    assert Client().get(link).status_code == 410


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a wrong one", PHRASE, "isn't the password of this account"),
        ("", PHRASE, "Enter your password"),
        (PASSWORD, "short", "at least 8"),
        (PASSWORD, "password", "too common"),
        (PASSWORD, "acme acme", "made up of your address"),
        (PASSWORD, "", "Enter your password"),
    ],
)
def test_a_password_that_is_not_changed(dana, world, old, new, said):
    here, elsewhere = logged_in(), logged_in()
    page = text(change(here, old, new))
    assert said in page and (not new or f'value="{new}"' not in page)
    assert is_in(elsewhere)
    dana.refresh_from_db()
    assert dana.check_password(PASSWORD)
    sweep()
    assert subjects(world[0], OLD) == []


GUESSED = {
    "/account/password/": {"new_password": PHRASE},
    "/account/address/": {"email": NEW},
    "/account/sessions/": {"end": "others"},
    "/arriving/delete/": {},
    "/account/export/": {},
}


@pytest.mark.parametrize("path", GUESSED)
def test_guessing_is_held_back(dana, path):
    """Somebody sits down at her computer."""
    browser = logged_in()
    tries = [browser.post(path, GUESSED[path] | {"password": f"guess {n}"}).status_code for n in range(12)]
    assert tries == [200] * 10 + [429] * 2
    assert Account.objects.get().email == OLD


@pytest.mark.parametrize("path", GUESSED)
def test_one_hash_a_password(dana, path):
    asked = visit(logged_in(), "post", path, GUESSED[path] | {"password": "a wrong one"})
    assert (asked.status, asked.hashes) == (200, 1)
    assert visit(logged_in(), "get", path).hashes == 0


# The address.


def ask(browser: Client, email: str = NEW, password: str = PASSWORD) -> str:
    return text(browser.post("/account/address/", {"email": email, "password": password}, follow=True))


def test_a_proven_address_is_changed_by_its_new_mailbox(dana, world):
    mail, browser = world[0], logged_in()
    assert f"We'll email a link to {NEW}" in ask(browser)
    sweep()
    assert subjects(mail, NEW) == ["Is this your new address?"] and not mail.to(OLD)
    path = newest_link(mail, NEW)
    assert "the address of your account, in place of" in text(browser.get(path))
    dana.refresh_from_db()
    assert dana.email == OLD
    assert "Your account's address is now" in text(browser.post(path))
    dana.refresh_from_db()
    assert dana.email == NEW and dana.mailbox_proven_at
    assert is_in(browser)
    sweep()
    assert subjects(mail, OLD) == ["The address of your account has changed"]
    assert NEW not in words_of(mail.to(OLD)[-1])
    assert "This link has already been used" in text(browser.post(path))
    assert Client().post("/login/", {"email": NEW, "password": PASSWORD}).status_code == 302


def test_its_reader_alone_gets_nothing(dana, world):
    """A slip in the new address: a stranger holds the link."""
    ask(logged_in())
    sweep()
    path, stranger = newest_link(world[0], NEW), Client()
    page = text(stranger.post(path))
    assert "Please log in to that account first" in page and OLD not in page
    Person.create(email="eve@evil.example", status=Status.ACTIVE, asked_at=None)
    stranger.post("/login/", {"email": "eve@evil.example", "password": PASSWORD})
    assert OLD not in text(stranger.post(path))
    assert Client().post("/login/", {"email": NEW, "password": PASSWORD}).status_code == 200
    answer = Client().post("/login/", {"email": OLD, "password": PASSWORD, "next": path})
    assert answer["Location"] == path


def test_an_address_that_is_taken_is_no_oracle(dana, world):
    owner = Person.create(email=NEW, status=Status.ACTIVE, asked_at=None)
    free, taken = (ask(logged_in(), email).replace(email, "ECHO") for email in ("free@new.example", NEW))
    assert _main(taken) == _main(free)
    sweep()
    assert subjects(world[0], owner.email) == ["You already have an account with Arrivals"]


def _main(page: str) -> str:
    return page.split("<main")[1]


def test_an_address_that_was_taken_meanwhile(dana, world):
    browser = logged_in()
    ask(browser)
    sweep()
    Person.create(email=NEW)
    page = text(browser.post(newest_link(world[0], NEW)))
    assert "There's now another account with" in page
    dana.refresh_from_db()
    assert dana.email == OLD


def test_only_the_last_address_named_is_written_to_and_only_its_link_works(dana, world):
    mail, browser = world[0], logged_in()
    ask(browser, "dana@slip.example")
    ask(browser, NEW)
    sweep()
    sweep()
    assert subjects(mail, NEW) == ["Is this your new address?"] and not mail.to("dana@slip.example")
    old = newest_link(mail, NEW)
    ask(browser, "dana@third.example")
    sweep()
    assert browser.post(old).status_code == 410


def test_an_unproven_one_is_put_right_at_once(dana):
    Account.objects.update(mailbox_proven_at=None)
    ask(logged_in())
    dana.refresh_from_db()
    assert dana.email == NEW


@pytest.mark.parametrize("proven_at", [None, Now()], ids=["not proven", "proven"])
def test_an_address_that_is_named_counts_as_asking_for_a_letter(dana, proven_at):
    Account.objects.update(mailbox_proven_at=proven_at)
    ask(logged_in())
    assert Tries.objects.get(key__startswith="letter network").count == 1


def test_the_address_they_have_is_no_new_one(dana):
    assert "already the address of your account" in ask(logged_in(), OLD.upper())
    assert not Event.objects.filter(kind="asked_for_move").exists()


def test_the_address_is_not_changed_without_the_password(dana, world):
    page = ask(logged_in(), password="a wrong one")
    assert "Nothing has changed" in page and f'value="{NEW}"' in page
    sweep()
    assert not world[0].letters


# Where they are logged in.


def test_open_sessions_are_listed(dana):
    here = logged_in(FIREFOX)
    for agent in (IPHONE, "curl/8"):
        logged_in(agent)
    page = text(here.get("/account/sessions/"))
    assert "Firefox on Linux" in page and "Safari on iPhone" in page and "A browser we don't recognize" in page
    assert page.count("this device") == 1 and page.count('name="end"') == 3
    assert "127.0.0.1" not in page


def end(browser: Client, which, password: str = PASSWORD) -> str:
    return text(browser.post("/account/sessions/", {"end": which, "password": password}, follow=True))


def test_one_of_them_is_ended_and_stops_at_once(dana):
    here, phone, third = logged_in(FIREFOX), logged_in(IPHONE), logged_in()
    one = Login.objects.get(system="iPhone")
    assert "That session has ended" in end(here, one.pk)
    assert not is_in(phone) and is_in(here) and is_in(third)
    assert "had already ended" in end(here, one.pk)


def test_all_others_are_ended(dana):
    here, others = logged_in(FIREFOX), [logged_in() for _ in range(3)]
    end(here, "others")
    assert is_in(here) and not any(is_in(browser) for browser in others)
    assert Session.objects.count() == Login.objects.count() == 1


@pytest.mark.parametrize("password", ["", "a wrong one"])
def test_not_without_the_password(dana, password):
    here, phone = logged_in(), logged_in(IPHONE)
    end(here, "others", password)
    end(here, Login.objects.get(system="iPhone").pk, password)
    assert is_in(phone)


@pytest.mark.parametrize("which", ["eve's", "", "-1", "99999999999999999999", "٣", "others; drop"])
def test_nor_somebody_elses(dana, which):
    Person.create(email="eve@evil.example", status=Status.ACTIVE, asked_at=None)
    eve, here = Client(), logged_in()
    eve.post("/login/", {"email": "eve@evil.example", "password": PASSWORD})
    number = Login.objects.get(account__email="eve@evil.example").pk if which == "eve's" else which
    assert "had already ended" in end(here, number)
    assert is_in(eve) and is_in(here)


def test_what_ends_by_itself_is_not_listed(dana):
    here, out = logged_in(), logged_in(IPHONE)
    out.post("/logout/")
    assert "iPhone" not in text(here.get("/account/sessions/"))
    logged_in(IPHONE)
    Session.objects.filter(pk=Login.objects.get(system="iPhone").session_id).update(expire_date=Now())
    assert "iPhone" not in text(here.get("/account/sessions/"))
    sessions.forget_old()
    assert Session.objects.count() == Login.objects.count() == 1


def test_a_letters_password_ends_them_too(dana, world):
    logged_in()
    Client().post("/password/reset/", {"email": OLD})
    sweep()
    Client().post(newest_link(world[0], OLD), {"password": PHRASE})
    assert not Session.objects.exists() and not Login.objects.exists()


def test_the_desk_is_a_session_as_well(dana):
    Account.objects.update(is_staff=True, is_superuser=True)
    desk = Client(headers={"user-agent": FIREFOX})
    desk.post("/admin/login/", {"username": OLD, "password": PASSWORD})
    here = logged_in()
    assert "Firefox on Linux" in text(here.get("/account/sessions/"))
    end(here, "others")
    assert desk.get("/admin/").status_code == 302


# What it costs.


@pytest.mark.parametrize("path", PAGES)
def test_questions_to_the_database_are_few_however_many_sessions(dana, path):
    browser, counts = logged_in(), []
    for number in (1, 20):
        for _ in range(number):
            logged_in()
        browser.get(path)
        cache.delete("outages")  # known for two seconds: else one of the two might be spared a look
        with CaptureQueriesContext(connection) as queries:
            browser.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_old_tries_to_log_in_leave_no_session(dana):
    Client().post("/login/", {"email": OLD, "password": "a wrong one"})
    assert not Login.objects.exists()


def test_sessions_of_the_last_two_weeks_only(dana):
    logged_in()
    Session.objects.update(expire_date=Now() - timedelta(seconds=1))
    assert not sessions.open_logins(dana).exists()


# Those who run the platform.


def test_an_operator_ends_the_sessions_of_one_or_of_all(dana, capsys):
    bo = Person.create(email="bo@acme.example", status=Status.ACTIVE, asked_at=None)
    hers, his = logged_in(), Client()
    his.force_login(bo)
    with pytest.raises(CommandError, match="no account with eve@evil"):
        call_command("end_sessions", "eve@evil.example")
    call_command("end_sessions", OLD.upper())
    assert not is_in(hers) and is_in(his)
    call_command("end_sessions", "--all")
    assert not is_in(his) and not Session.objects.exists()
    assert capsys.readouterr().out == "1 sessions have ended.\n" * 2


def test_sessions_from_before_this_page_are_found(dana):
    here, before = logged_in(), logged_in(IPHONE)
    Login.objects.all().delete()
    import_module("accounts.migrations.0004_a_page_of_ones_own").adopt_sessions(apps, None)
    assert text(here.get("/account/sessions/")).count('name="end"') == 2
    end(here, "others")
    assert is_in(here) and not is_in(before)
