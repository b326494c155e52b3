"""What nobody planned, and people do."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.decorators import mailbox_proven_required
from accounts.email_links import Purpose, hand_out
from accounts.models import Account
from accounts.status import Status
from provisioning.models import OWED, Dependency, State, Step
from provisioning.sweep import sweep
from tests.door.letters import newest_link, subjects
from tests.door.visit import WHO
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)
DANA = WHO | {"email": "dana@acme.example"}


def signs_up(browser: Client | None = None, **changes) -> Client:
    browser = browser or Client()
    assert browser.post("/signup/", DANA | changes)["Location"] == "/arriving/"
    return browser


def room(browser: Client) -> str:
    return browser.get("/arriving/").content.decode()


@pytest.mark.parametrize("typed", ["Dana@ACME.example", "  dana@acme.example ", "DANA@acme.EXAMPLE"])
def test_letter_case_and_blanks_are_no_other_person(world, typed):
    signs_up()
    signs_up(email=typed)
    assert Account.objects.get().email == "dana@acme.example"
    assert Client().post("/login/", {"email": typed, "password": PASSWORD}).status_code == 302


def test_who_is_not_there_any_more_is_not_told_that_a_sign_up_is_safe(world):
    """A backup was restored that is older than the sign-up."""
    browser = signs_up()
    Account.objects.all().delete()
    for visitor in (browser, Client()):
        page = visitor.post("/login/", {"email": DANA["email"], "password": PASSWORD}).content.decode()
        assert "match" in page and not re.search(r"\b(safe|saved)\b", page)
        assert "Log in to see" in room(visitor)


def test_a_plus_tag_is_another_address(world):
    signs_up()
    signs_up(email="dana+arrivals@acme.example")
    assert Account.objects.count() == 2


def test_two_colleagues_of_one_company_at_once(world):
    signs_up()
    signs_up(email="bo@acme.example", name="Bo Lund")
    sweep()
    assert set(Account.objects.values_list("company", "status")) == {("Acme", Status.ACTIVE)}
    assert world[1].effects.keys() == {str(pk) for pk in Account.objects.values_list("pk", flat=True)}


def test_back_and_once_more(world):
    browser = signs_up()
    sweep()
    signs_up(browser)
    assert "Your account is ready" in room(browser)
    sweep()
    assert subjects(world[0], DANA["email"]) == ["Your Arrivals account is here"]


def test_a_stranger_with_another_name_and_company_changes_nothing(world):
    signs_up()
    signs_up(name="Somebody Else", company="Other Inc", password="another long passphrase")
    account = Account.objects.get()
    assert (account.name, account.company) == ("Dana Sommer", "Acme")


def test_with_her_own_password_what_she_corrects_is_saved_as_the_page_says(world):
    signs_up(company="Amce")
    assert "Your details are saved" in room(signs_up(company="Acme Ltd", phone="+49 30 1"))
    account = Account.objects.get()
    assert (account.name, account.company, account.phone) == ("Dana Sommer", "Acme Ltd", "+49 30 1")


def test_from_another_device_with_her_own_password(world):
    world[1].mode = "503"
    signs_up()
    sweep()
    assert "fault on our side" in room(signs_up()), "she is told what the first device is told"


def test_abandoned_and_back_a_week_later(world):
    mail, workspaces = world
    workspaces.mode = "503"
    signs_up()
    sweep()
    Step.objects.filter(kind="workspace").update(state=State.DEAD, attempts=14)
    Account.objects.update(status=Status.FAILED, created_at=Now() - timedelta(days=7))
    workspaces.mode = "ok"
    back = Client()
    back.post("/login/", {"email": DANA["email"], "password": PASSWORD})
    sweep()
    assert Account.objects.get().status == Status.ACTIVE
    assert subjects(mail, DANA["email"])[0] == "Your Arrivals account is here"


def test_who_has_nothing_to_do_with_it_is_asked_to_log_in(world):
    assert "Log in to see how your sign-up is going" in room(Client())
    assert "Log in to see" in room_with_cookie("x" * 43)


def room_with_cookie(token: str) -> str:
    browser = Client()
    browser.cookies["claim"] = token
    return room(browser)


def test_a_platform_may_tell_whether_an_address_is_known(settings):
    settings.REVEAL_UNKNOWN_EMAIL = True
    page = Client().post("/login/", {"email": "nobody@free.example", "password": "wrong"}).content.decode()
    assert "Would you like to create one?" in page.replace("&#x27;", "'")


def test_an_outage_of_workspaces_is_said_to_everybody(world):
    Dependency.objects.create(name="workspace", broken=True, probe_at=Now(), error="503")
    assert "New workspaces are running late for everyone" in Client().get("/login/").content.decode()


def test_two_outages_are_one_notice_with_one_time(world):
    for minutes, name in enumerate(("workspace", "mail"), start=1):
        Dependency.objects.create(name=name, broken=True, probe_at=Now() + timedelta(minutes=minutes), error="503")
    cache.delete("outages")
    page = Client().get("/login/").content.decode()
    assert "Our emails and new accounts are running late for everyone" in page
    assert page.count('class="notice countdown"') == page.count("<time") == 1


def test_the_notice_ends_with_the_outage_in_a_page_that_is_open(world):
    browser = signs_up()
    Dependency.objects.create(name="workspace", broken=True, probe_at=Now(), error="503")
    cache.delete("outages")
    assert "running late for everyone" in browser.get("/arriving/?part=1").content.decode()
    assert room(browser).count("running late for everyone") == 1
    Dependency.objects.update(broken=False)
    cache.delete("outages")
    assert "running late for everyone" not in browser.get("/arriving/?part=1").content.decode()


@pytest.mark.parametrize("made", [{"is_staff": True, "company": ""}, {"company": ""}, {}], ids=str)
def test_who_has_nothing_set_up_is_told_of_no_step(made):
    """Staff, and people who were imported."""
    person = Person.create(status=Status.ACTIVE, asked_at=None, **made)
    browser = Client()
    browser.force_login(person)
    page = room(browser)
    assert "Your account is ready." in page
    assert "email to" not in page and "isn't ready yet" not in page
    workspace = "This is your workspace." if made else "This is the Acme workspace."
    assert workspace in browser.get("/home/").content.decode()


def test_a_debt_is_shown_at_home(world):
    browser = signs_up()
    sweep()
    Step.objects.filter(kind="workspace").update(state=State.WAIVED)
    browser.post("/login/", {"email": DANA["email"], "password": PASSWORD})
    assert "Still to come: workspace" in browser.get("/home/").content.decode()


def test_a_link_to_an_address_that_is_not_hers_any_more():
    person = Person.create()
    path = f"/confirm/{hand_out(person, Purpose.CONFIRM, uuid4())}/"
    Account.objects.filter(pk=person.pk).update(email="other@acme.example")
    assert "has changed since we sent this link" in Client().get(path).content.decode()


def test_a_decision_is_taken_once(world):
    Person.create(email=DANA["email"], status=Status.ACTIVE, asked_at=None, mailbox_proven_at=Now())
    signs_up(password="something else entirely")
    sweep()
    path = newest_link(world[0], DANA["email"])
    Client().post(path, {"choice": "not_me"})
    again = Client().post(path, {"choice": "new", "password": "a thief's own long phrase"})
    assert "This link was already used at" in again.content.decode()
    assert Client().login(username=DANA["email"], password=PASSWORD)


def test_nothing_is_lost_while_mail_is_down_for_a_day(world):
    mail, _ = world
    mail.mode = "refused"
    browser = signs_up()
    for _ in range(20):
        sweep()
        Step.objects.filter(state__in=OWED).update(due_at=Now())
    mail.mode = "ok"
    Step.objects.update(due_at=Now())
    Dependency.objects.update(probe_at=Now())
    browser.post("/login/", {"email": DANA["email"], "password": PASSWORD})
    sweep()
    assert Account.objects.get().status == Status.ACTIVE


@mailbox_proven_required
def invite(request):
    return HttpResponse("invited")


@pytest.mark.parametrize(("proven", "status"), [(False, 403), (True, 200)])
def test_what_needs_a_proven_mailbox(proven, status):
    request = RequestFactory().get("/invite/")
    request.user = Person.create(mailbox_proven_at=Now() if proven else None)
    request.user.refresh_from_db()
    assert invite(request).status_code == status
    request.user = AnonymousUser()
    assert invite(request).status_code == 302


@pytest.mark.parametrize("password", ["password", "1234567", "Acme2026!", "arrivals123", "dana@acme", "qwertyuiop"])
def test_a_password_that_anybody_would_try(password):
    browser = Client()
    page = browser.post("/signup/", DANA | {"password": password})
    text = page.content.decode()
    assert page.status_code == 200 and not Account.objects.exists()
    assert f'value="{password}"' not in text
    for field in ("name", "email", "phone", "company"):
        assert f'value="{DANA[field]}"' in text
