"""Our own database away, or going away in the middle: nothing half-saved, and the truth on the page."""

import pytest
from django.db import connection

from accounts.models import Account, SignupClaim
from stage.acts import DANA

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def database_away():
    kept = connection.settings_dict
    connection.close()
    connection.settings_dict = kept | {"HOST": "/nowhere"}
    yield
    connection.settings_dict = kept
    connection.close()


def test_signing_up_while_it_is_away(client, database_away):
    page = client.post("/signup/", DANA)
    text = page.content.decode()
    assert page.status_code == 503
    assert "nothing was saved" in text
    for field in ("name", "email", "phone", "company"):
        assert f'value="{DANA[field]}"' in text, f"{field} has to be typed again"
    assert DANA["password"] not in text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/login/", {"email": DANA["email"], "password": DANA["password"]}),
        ("/contact/", {"email": DANA["email"], "message": "I am stuck"}),
    ],
)
def test_the_other_doors_while_it_is_away(client, database_away, path, fields):
    page = client.post(path, fields)
    assert page.status_code == 503
    assert page.content.decode().count("database") >= 1


def test_the_contact_page_keeps_what_was_written(client, database_away):
    assert (
        "I am stuck" in client.post("/contact/", {"email": "a@b.example", "message": "I am stuck"}).content.decode()
    )


@pytest.mark.parametrize("path", ["/readyz", "/repairz"])
def test_machines_are_told_what_is_missing(client, database_away, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["database"]) == (503, "not answering")


def test_healthz_is_about_the_process_alone(client, database_away):
    assert client.get("/healthz").status_code == 200


@pytest.fixture
def dies_during_commit():
    """The server ends our connection inside COMMIT: nobody can tell from here whether it was saved."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER die AFTER INSERT ON accounts_signupclaim
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
            """
        )
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS die ON accounts_signupclaim; DROP FUNCTION IF EXISTS die()")


def test_going_away_during_the_commit(client, dies_during_commit):
    page = client.post("/signup/", DANA)
    assert page.status_code == 503
    assert "tell yet whether it did" in page.content.decode()
    assert "nothing was saved" not in page.content.decode()
    connection.close()
    assert not Account.objects.filter(email=DANA["email"]).exists(), "here it was not; half of it would be worse"
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER die ON accounts_signupclaim")
    for _ in range(2):
        assert client.post("/signup/", DANA).status_code == 302
    assert Account.objects.count() == SignupClaim.objects.count() == 1
