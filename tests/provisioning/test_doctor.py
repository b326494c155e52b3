"""`manage.py doctor` asks everything, and says in words what does not work and what to do about it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from accounts.database.timeouts import SERVER_LIMITS
from provisioning import doctor
from provisioning.models import Heartbeat
from provisioning.sweep import beat, fetch_everywhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def as_a_program_of_its_own():
    """With a new connection, which has what the migrations gave to the database."""
    connection.close()
    beat("sweep")
    yield
    connection.close()


def say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def asked() -> tuple[str, str]:
    """What it printed, and what it says is not well."""
    printed, unwell = StringIO(), ""
    try:
        call_command("doctor", stdout=printed, no_color=True)
    except CommandError as end:
        unwell = str(end)
    return printed.getvalue(), unwell


def test_all_is_well():
    printed, unwell = asked()
    assert not unwell
    assert [line.split()[0] for line in printed.splitlines()[:-1]] == list(doctor.EXAMINATIONS)
    assert "All is well." in printed


@pytest.mark.parametrize("name", [name for name in SERVER_LIMITS if not name.startswith("tcp")])
def test_a_limit_that_is_missing_is_named_with_what_mends_it(name):
    say(f"SET {name} = 0")
    printed, unwell = asked()
    assert unwell == "Not well: Limits."
    database = connection.settings_dict["NAME"]
    assert f"{name} is 0" in printed
    assert f'ALTER DATABASE "{database}" SET "{name}" = {SERVER_LIMITS[name]};' in printed


def test_another_limit_is_theirs_to_choose():
    say("SET statement_timeout = '2min'")
    assert not asked()[1]


def test_read_only_is_not_well():
    say("SET default_transaction_read_only = on")
    printed, unwell = asked()
    assert (unwell, "read-only" in printed) == ("Not well: Database.", True)


@pytest.fixture
def database_away():
    kept = connection.settings_dict
    connection.close()
    connection.settings_dict = kept | {"HOST": "/nowhere"}
    yield
    connection.settings_dict = kept


def test_away_is_not_well(database_away):
    unwell = asked()[1]
    assert all(name in unwell for name in ("Database", "Limits", "Connections", "Sweep", "People"))


def test_a_host_with_another_key_is_told(settings):
    ours = settings.SECRET_KEY
    settings.SECRET_KEY = "the key of another host, and just as long as ours is"
    fetch_everywhere()
    assert not asked()[1]
    settings.SECRET_KEY = ours
    printed, unwell = asked()
    assert (unwell, "give all hosts the same SECRET_KEY" in printed) == ("Not well: Key.", True)
    assert ours not in printed
    Heartbeat.objects.filter(name__startswith="key ").update(at=Now() - timedelta(hours=1))
    beat("sweep")
    assert not asked()[1], "it was changed, everywhere"


def test_connections_are_counted(settings):
    settings.WEB_THREADS, settings.WORKER_THREADS = 32, 8
    printed, unwell = asked()
    assert "a web process up to 41, a worker up to 16, the beat up to 1: 58 with one of each" in printed
    assert "are in use" in printed and not unwell


def test_more_than_the_server_has_is_a_warning(settings):
    settings.WEB_THREADS = 1000
    printed, unwell = asked()
    assert ("That does not fit" in printed, unwell) == (True, "")


def test_a_limit_of_the_database_counts(a_tight_database):
    assert "lets us have 20," in asked()[0] and "That does not fit" in asked()[0]


@pytest.fixture
def a_tight_database():
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    say(f"ALTER DATABASE {name} CONNECTION LIMIT 20")
    yield
    say(f"ALTER DATABASE {name} CONNECTION LIMIT -1")


def test_a_pool_holds_them_together():
    assert list(doctor.connections_needed({"max_size": 16}).values()) == [16, 16, 1]
