"""What may be changed from the waiting room, by whom, and what is said there."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Event, MailboxLink, SignupClaim
from accounts.status import Status
from provisioning.engine import claim
from provisioning.engine.settle import settle
from provisioning.models import OWED, Heartbeat, State, Step, Workspace
from provisioning.sweep import fetch, sweep
from tests.door.letters import newest_link, subjects
from tests.door.visit import WHO
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)
DANA = WHO | {"email": "dana@gmial.com"}
RIGHT = "dana@gmail.com"


def signed_up(**changes) -> Client:
    browser = Client()
    browser.post("/signup/", DANA | changes)
    return browser


def room(browser: Client) -> str:
    return browser.get("/arriving/").content.decode()


def correct(browser: Client, email=RIGHT, password=PASSWORD):
    return browser.post("/arriving/address/", {"email": email, "password": password})


def test_a_likely_slip_is_a_hint_and_never_blocks(world):
    page = room(signed_up())
    assert "Did you mean dana@gmail.com" in page
    assert "Did you mean" not in room(signed_up(email="dana@gmx.at"))


def test_the_address_is_put_right(world):
    mail, browser = world[0], signed_up()
    sweep()
    old = newest_link(mail, DANA["email"])
    assert correct(browser)["Location"] == "/arriving/"
    assert f"Our email to {RIGHT} hasn't gone out yet" in room(browser)
    sweep()
    account = Account.objects.get(email=RIGHT)
    assert account.status == Status.ACTIVE
    assert subjects(mail, RIGHT) == ["Your Arrivals account is here"]
    assert Client().get(old).status_code == 410, "the link to the old address is void"
    browser.post(newest_link(mail, RIGHT))
    account.refresh_from_db()
    assert account.mailbox_proven_at
    assert Client().login(username=RIGHT, password=PASSWORD)


def test_not_without_the_password(world):
    browser = signed_up()
    answer = correct(browser, password="a wrong password")
    assert "Nothing has changed" in answer.content.decode()
    assert Account.objects.get().email == DANA["email"]
    assert Client().post("/arriving/address/", {"email": RIGHT, "password": PASSWORD})["Location"] == "/arriving/"
    assert Account.objects.get().email == DANA["email"], "nor from a browser that has nothing to do with it"


def test_a_letter_under_way_to_the_old_address_does_not_count(world):
    browser = signed_up()
    room(browser)
    fetch()
    [under_way] = claim.claim_due("mail", ["welcome_email"], 10)
    correct(browser)
    settle([claim.Result(under_way, 0.1, reference="<sent to the old address>")])
    step = Step.objects.get(kind="welcome_email")
    assert (step.state, step.reference) == (State.OPEN, "")


def test_a_taken_address_is_no_oracle_and_nothing_is_lost(world):
    mail, owner = world[0], Person.create(email="owner@acme.example", status=Status.ACTIVE, asked_at=None)
    free, taken = (corrected(address) for address in ("free@acme.example", owner.email))
    assert free == taken
    assert Account.objects.filter(email=f"slip.{owner.email}").exists()
    assert subjects(mail, owner.email) == ["You already have an account with Arrivals"]


def corrected(address: str) -> list[str]:
    """What the page says before and after the letter has gone out to the right address."""
    browser = signed_up(email=f"slip.{address}")
    sweep()
    correct(browser, address)
    before = room(browser)
    sweep()
    return [_main(page, address) for page in (before, room(browser))]


def _main(page: str, address: str) -> str:
    page = page.split("<main")[1].replace("%40", "@").replace(address, "ECHO")
    return re.sub("<time.*?</time>", "TIME", page)


def test_a_proven_address_is_not_changed_here(world):
    browser = signed_up()
    Account.objects.update(mailbox_proven_at=Now())
    assert "is already confirmed, so it can't be changed here" in correct(browser).content.decode()
    assert "My address is wrong" not in room(browser)
    assert Account.objects.get().email == DANA["email"]


# "I need it by …"


def test_a_stated_deadline_is_kept_for_the_desk(world):
    browser, by = signed_up(), timezone.now() + timedelta(hours=3)
    browser.post("/arriving/needed/", {"needed_by": f"{by:%Y-%m-%dT%H:%M}", "needed_because": "A demo"})
    account = Account.objects.get()
    assert account.needed_by == by.replace(second=0, microsecond=0) and account.needed_because == "A demo"
    assert "will help you first" in room(browser)


def test_a_deadline_that_passed_is_owned(world):
    world[1].mode = "503"
    browser = signed_up()
    Account.objects.update(needed_by=Now() - timedelta(minutes=1))
    assert "it wasn't ready in time. That's our fault" in room(browser)


@pytest.mark.parametrize("moment", ["2001-01-01T10:00", "2999-01-01T10:00", "soon", ""])
def test_a_deadline_must_be_one(world, moment):
    signed_up().post("/arriving/needed/", {"needed_by": moment})
    assert Account.objects.get().needed_by is None


def test_a_stranger_states_no_deadline_for_an_account(world):
    owner = Person.create()
    browser = signed_up(email=owner.email, password="something else entirely")
    by = timezone.now() + timedelta(hours=3)
    browser.post("/arriving/needed/", {"needed_by": f"{by:%Y-%m-%dT%H:%M}"})
    owner.refresh_from_db()
    assert owner.needed_by is None
    assert "You need it by" in room(browser), "but is told what anybody is told"


# "Delete everything"


def test_everything_is_deleted_and_nothing_is_sent_after_it(world):
    mail, browser = world[0], signed_up()
    room(browser)
    fetch()
    [under_way] = claim.claim_due("mail", ["welcome_email"], 10)
    answer = browser.post("/arriving/delete/", {"password": PASSWORD}, follow=True)
    assert "Everything you gave us has been deleted" in answer.content.decode()
    settle([claim.perform(under_way)])
    sweep()
    for model in (Account, SignupClaim, Step, MailboxLink, Workspace):
        assert not model.objects.exists()
    assert not mail.letters
    assert list(Event.objects.values_list("kind", "address", "detail")) == [("deleted_everything", "", "")]
    assert "Log in to see" in room(browser)


def test_deleting_needs_the_password(world):
    browser = signed_up()
    browser.get("/arriving/delete/")
    browser.post("/arriving/delete/", {"password": "a wrong password"})
    browser.post("/arriving/delete/", {})
    assert Account.objects.count() == 1


def test_signing_up_again_after_it(world):
    signed_up().post("/arriving/delete/", {"password": PASSWORD})
    browser = signed_up(password="a fresh and other phrase")
    sweep()
    assert "Your account is ready" in room(browser)
    assert Client().login(username=DANA["email"], password="a fresh and other phrase")


def test_staff_are_not_deleted_here(world):
    person = Person.create(is_staff=True)
    browser = Client()
    browser.force_login(person)
    assert "is used for support" in browser.post("/arriving/delete/", {"password": PASSWORD}).content.decode()
    assert Account.objects.count() == 1


# What is said.


def test_an_unchanged_part_costs_nothing(world):
    browser = signed_up()
    first = browser.get("/arriving/?part=1")
    again = browser.get("/arriving/?part=1", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    sweep()
    now = browser.get("/arriving/?part=1", headers={"If-None-Match": first["ETag"]})
    assert now.status_code == 200 and "Your account is ready" in now.content.decode()


def test_a_suspended_account_is_told_so_to_its_owner(world):
    browser = signed_up()
    Account.objects.update(is_active=False)
    assert "has been suspended" in room(browser)
    assert browser.get("/arriving/address/").status_code == 302
    page = Client().post("/login/", {"email": DANA["email"], "password": PASSWORD}).content.decode()
    assert "Your password is right, but this account has been suspended" in page


def test_an_address_that_takes_no_mail_is_said_as_what_it_is(world):
    mail, browser = world[0], signed_up()
    mail.bad_rcpt(DANA["email"])
    sweep()
    page = room(browser)
    assert "couldn't be delivered" in page and "typo" in page
    assert "failed on our side" not in page
    correct(browser)
    sweep()
    assert "Your account is ready" in room(browser)
    assert Account.objects.get().status == Status.ACTIVE


def test_who_waited_is_told_when_it_is_ready(world):
    mail, workspaces = world
    workspaces.mode = "503"
    browser = signed_up()
    sweep()
    assert "longer because of a fault on our side" in room(browser)
    Client().post("/login/", {"email": DANA["email"], "password": PASSWORD})
    Account.objects.update(created_at=Now() - timedelta(minutes=148))
    workspaces.mode = "ok"
    Step.objects.filter(state__in=OWED).update(due_at=Now())
    sweep()
    Account.objects.update(status_at=Now())
    _time_for_chores()
    sweep()
    letter = mail.to(DANA["email"])[-1].get_body(("plain",)).get_content()
    assert "it took us 2 hours" in letter
    assert "You came back once in the meantime" in letter and "told you that it was late" in letter
    _time_for_chores()
    sweep()
    assert subjects(mail, DANA["email"]).count("Your Arrivals account is ready") == 1


def test_who_did_not_wait_gets_no_such_letter(world):
    signed_up()
    sweep()
    _time_for_chores()
    sweep()
    assert subjects(world[0], DANA["email"]) == ["Your Arrivals account is here"]


def test_a_welcome_that_comes_late_says_so_and_is_enough(world):
    mail = world[0]
    mail.mode = "refused"
    signed_up()
    sweep()
    Step.objects.update(created_at=Now() - timedelta(hours=2), due_at=Now())
    Account.objects.update(created_at=Now() - timedelta(hours=2))
    mail.mode = "ok"
    sweep()
    _time_for_chores()
    sweep()
    [letter] = mail.to(DANA["email"])
    assert "This email is late" in letter.get_body(("plain",)).get_content()


def _time_for_chores():
    Heartbeat.objects.filter(name="reconcile").update(at=Now() - timedelta(hours=1))


def test_a_refusal_that_names_no_mailbox_is_not_put_down_to_the_address(world):
    browser = signed_up()
    sweep()
    said = "the mail service said 550 refused by policy"
    Step.objects.filter(kind="welcome_email").update(state=State.DEAD, permanent=True, error=said, reference="")
    Account.objects.update(status=Status.FAILED)
    page = room(browser)
    assert "may be the address, or it may be on our side" in page and "typo" not in page
