"""For the length of a failover the database answers and takes nothing in: a pause at every door, and no fault."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from accounts.database.errors import is_away, sqlstate_of
from accounts.models import Account, Event, Voice
from accounts.signup import Typed, sign_up
from stage.acts import DANA
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 8  # at each turn of each of three failovers


def say(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def turn(read_only: bool) -> None:
    """For every session, as when the standby takes over: those that were connected are thrown out."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    say(
        "SET default_transaction_read_only = off",
        f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if read_only else 'off'}",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()",
    )
    connection.close()


@pytest.fixture
def writable_again():
    yield
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    connection.close()
    say("SET default_transaction_read_only = off", f"ALTER DATABASE {name} RESET default_transaction_read_only")
    connection.close()


@pytest.fixture
def visitor(writable_again):
    return Client(raise_request_exception=False)


@pytest.fixture
def support(visitor):
    boss = Person.create(is_staff=True, is_superuser=True)
    visitor.force_login(boss)
    return visitor


def test_signing_up(visitor):
    turn(read_only=True)
    page = visitor.post("/signup/", DANA)
    assert (page.status_code, "nothing was saved" in page.content.decode()) == (503, True)
    assert f'value="{DANA["email"]}"' in page.content.decode()
    turn(read_only=False)
    assert visitor.post("/signup/", DANA).status_code == 302


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/login/", DANA),
        ("/contact/", {"email": DANA["email"], "message": "I am stuck"}),
        ("/password/reset/", {"email": DANA["email"]}),
        ("/admin/login/", {"username": DANA["email"], "password": DANA["password"]}),
    ],
)
def test_the_other_doors(visitor, path, fields):
    turn(read_only=True)
    page = visitor.post(path, fields)
    assert (page.status_code, "database" in page.content.decode()) == (503, True)


@pytest.mark.parametrize("path", ["/arriving/", "/logout/", "/arriving/delete/"])
def test_who_is_logged_in(support, path):
    turn(read_only=True)
    page = support.post(path) if path == "/logout/" else support.get(path)
    assert page.status_code in (200, 503)
    assert page.status_code == 200 or "database" in page.content.decode()


def test_the_desk_whose_session_cannot_be_saved(support):
    """The click is noted in the session, which is saved in a middleware: Django calls that a deleted session."""
    turn(read_only=True)
    page = support.get("/admin/")
    assert (page.status_code, "database" in page.content.decode()) == (503, True)
    assert Session.objects.count() == 1


class Notes:
    """Somebody's middleware that writes."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        Event.objects.create(address="dana@acme.example", voice=Voice.THEY, kind="came")
        return self.get_response(request)


@pytest.mark.parametrize("debug", [False, True])
def test_any_other_middleware(visitor, settings, debug):
    settings.DEBUG = debug
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Notes"]
    assert visitor.get("/").status_code == 200
    turn(read_only=True)
    page = visitor.get("/")
    assert (page.status_code, page["Retry-After"]) == (503, "30")
    assert "save anything in our database" in page.content.decode()


def test_machines_are_told(visitor):
    turn(read_only=True)
    for path in ("/readyz", "/repairz"):
        answer = visitor.get(path)
        assert (answer.status_code, answer.json()["database"]) == (503, "read-only")
    turn(read_only=False)
    assert visitor.get("/readyz").json() == {"database": "ok"}


def test_what_follows_in_the_same_block_is_no_fault_either(writable_again):
    """Django refuses the next question in the block with an error that has no SQLSTATE of its own."""
    turn(read_only=True)
    with pytest.raises(DatabaseError) as found, transaction.atomic():
        with pytest.raises(DatabaseError):
            Event.objects.create(address="", voice=Voice.WE, kind="came")
        Account.objects.first()
    assert "end of the 'atomic' block" in str(found.value)
    assert (is_away(found.value), sqlstate_of(found.value)) == (True, "25006")


@pytest.fixture
def refuse():
    """Lets the database answer one kind of statement with an SQLSTATE of our choice."""
    say(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = TG_ARGV[0]; END$$"
    )
    yield lambda trigger, state: say(f"CREATE {trigger} FOR EACH ROW EXECUTE FUNCTION refuse('{state}')")
    say("DROP FUNCTION refuse CASCADE")


def test_what_is_saved_is_never_called_unsaved(client, refuse):
    """It goes read-only between the sign-up and the count that is put right after it."""
    refuse("TRIGGER refuse BEFORE UPDATE ON accounts_tries", "25006")
    assert client.post("/signup/", DANA).status_code == 302
    assert Account.objects.filter(email=DANA["email"]).exists()


@pytest.mark.parametrize("state", ["25006", "40001", "53100", "23514"])
def test_a_commit_that_is_refused_leaves_no_doubt(refuse, state):
    refuse("CONSTRAINT TRIGGER refuse AFTER INSERT ON accounts_signupclaim DEFERRABLE INITIALLY DEFERRED", state)
    typed = Typed(name="Dana", email="dana@acme.example", phone="", company="Acme", password="correct horse")
    with pytest.raises(DatabaseError) as found:
        sign_up(typed, "token")
    assert sqlstate_of(found.value) == state
    assert not Account.objects.exists()


def sign_up_somebody(_number: int) -> tuple[str, int, str]:
    email = f"{uuid4().hex}@acme.example"
    try:
        page = Client(raise_request_exception=False).post("/signup/", {**DANA, "email": email})
        return email, page.status_code, page.content.decode()
    finally:
        connections.close_all()


def test_three_failovers_under_sign_ups(visitor):
    """Whoever is told that it is saved is there, whoever is told that nothing was is not, and nobody gets a 500."""
    with ThreadPoolExecutor(4) as crowd:
        told = []
        for read_only in (True, False) * 3:
            arriving = [crowd.submit(sign_up_somebody, number) for number in range(PEOPLE)]
            turn(read_only)
            told += [one.result() for one in arriving]
    there = set(Account.objects.values_list("email", flat=True))
    assert {status for _, status, _ in told} <= {302, 503}
    for email, status, text in told:
        unsure = "tell yet whether it did" in text
        assert unsure or (email in there) == (status == 302)
        assert status == 302 or unsure or "nothing was saved" in text or "do what you asked" in text
    assert sign_up_somebody(0)[1] == 302
