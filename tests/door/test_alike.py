"""One request tells a stranger nothing: status, bytes, headers, statements and hashes are those of any address."""

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import AccessRequest, SignupClaim
from accounts.status import Status
from bench.enumeration import STEPS, a_setup_of_its_own
from provisioning.kinds import setup_kinds
from provisioning.models import Dependency
from tests.door.visit import WHO, visit
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db

FREE = "nobody@free.example"
TAKEN: list[dict] = [
    {"status": Status.CREATED},
    {"status": Status.EMAIL_SENT},
    {"status": Status.PROVISIONED},
    {"status": Status.ACTIVE, "asked_at": None},
    {"status": Status.ACTIVE, "asked_at": None, "mailbox_proven_at": Now()},
    {"status": Status.FAILED},
    {"status": Status.ACTIVE, "is_active": False},
]


@pytest.fixture(params=["mail up", "mail down"])
def weather(request):
    if request.param == "mail down":
        Dependency.objects.create(name="mail", broken=True, probe_at=Now(), error="refused")
    return request.param


@pytest.fixture(params=STEPS)
def steps(request, settings):
    request.addfinalizer(setup_kinds.cache_clear)
    a_setup_of_its_own(settings, STEPS[request.param])


def both(door, taken: dict, **fields):
    """What a stranger sees at the door with a free address, and with one that is taken."""
    taken_address = Person.create(**taken).email
    seen = []
    for address in (FREE, taken_address):
        client = Client(enforce_csrf_checks=False)
        client.get(door)
        seen.append(visit(client, "post", door, fields | {"email": address}, echo=address))
    return seen


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_signing_up(weather, taken):
    free, known = both("/signup/", taken, **WHO | {"password": "another long passphrase"})
    assert free == known
    assert (free.status, free.hashes) == (302, 1)


def test_signing_up_with_its_own_password(weather):
    free, known = both("/signup/", TAKEN[0], **WHO)
    assert free == known
    assert (free.status, free.hashes) == (302, 1)


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_the_receipt(weather, steps, taken):
    """Right after signing up, before anything was tried: its lines, too, are of the steps that there are."""
    person, pages = Person.create(**taken), []
    for address in (FREE, person.email):
        client = Client()
        client.post("/signup/", WHO | {"email": address, "password": "another long passphrase"})
        seen = visit(client, "get", "/arriving/", echo=address)
        pages.append((seen.status, seen.headers, seen.body, seen.cookies))
        assert seen.text.count('<li class="open">') == len(setup_kinds())
    assert pages[0] == pages[1]


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_logging_in(weather, taken):
    free, known = both("/login/", taken, password="a wrong password")
    assert free == known
    assert (free.status, free.hashes) == (200, 1)


@pytest.mark.parametrize("door", ["/password/reset/", "/resend/"])
@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_asking_for_a_letter(weather, door, taken):
    free, known = both(door, taken)
    assert free == known
    assert (free.status, free.hashes) == (302, 0)
    assert AccessRequest.objects.count() == 2


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_writing_to_us(weather, taken):
    free, known = both("/contact/", taken, message="I am stuck")
    assert free == known
    assert (free.status, free.hashes) == (302, 0)


def test_the_answer_to_a_request_names_nobody(client):
    for door in ("/password/reset/", "/resend/"):
        client.post(door, {"email": FREE})
        page = client.get(f"{door}taken/").content.decode()
        assert "an account with that address" in page and FREE not in page


def test_the_password_unlocks_the_truth(client):
    person = Person.create(status=Status.FAILED, asked_at=None)
    page = client.post("/login/", {"email": person.email, "password": PASSWORD}, follow=True)
    assert page.redirect_chain == [("/arriving/", 302)]


def test_the_limits_are_alike_too():
    person, answers = Person.create(), []
    for address in (FREE, person.email):
        client = Client()
        answers.append(
            [client.post("/login/", {"email": address, "password": "wrong"}).status_code for _ in range(12)]
        )
    assert answers[0] == answers[1] == [200] * 10 + [429] * 2


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_the_pages_that_the_waiting_room_leads_to(taken):
    """Asked from a claim, whether the address was free or taken."""
    person, seen = Person.create(**taken), []
    for address in (FREE, person.email):
        browser = Client()
        browser.post("/signup/", WHO | {"email": address, "password": "another long passphrase"})
        pages = [
            visit(browser, "get", f"/arriving/{name}/", echo=address) for name in ("address", "delete", "needed")
        ]
        pages.append(visit(browser, "post", "/arriving/delete/", {"password": "a wrong password"}, echo=address))
        pages.append(visit(browser, "post", "/arriving/needed/", {"needed_by": "2001-01-01T10:00"}, echo=address))
        seen.append([(page.status, page.body, page.hashes) for page in pages])
    assert seen[0] == seen[1]
    assert SignupClaim.objects.get(email=person.email).proven is False
