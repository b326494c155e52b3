"""Whoever does not answer is given up: by a page within its time, by the server with what it holds."""

import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.utils import load_backend

from accounts.database.errors import DATABASE_ERRORS, is_away, sqlstate_of
from accounts.database.timeouts import SERVER_LIMITS, at_most, limit_server, too_patient
from accounts.models import Account
from stage.acts import DANA
from stage.processes import wait_until
from stage.relay import Relay
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)
AN_ANSWER = 15.0  # seconds in which each page has one, whatever is dark


def ask(question: str, of=connection) -> list[tuple]:
    with of.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def relay():
    link = connection.get_connection_params()
    host, port = str(link.get("host", "localhost")), int(link.get("port", 5432))
    with Relay(Path(host) / f".s.PGSQL.{port}" if host.startswith("/") else (host, port)) as built:
        yield built


def through(relay: Relay) -> dict:
    kept = connection.settings_dict
    options = {key: value for key, value in kept["OPTIONS"].items() if key not in ("host", "port")}
    return kept | {"HOST": "127.0.0.1", "PORT": relay.port, "OPTIONS": options}


@pytest.fixture
def elsewhere(relay):
    """Somebody else's connection, over a network."""
    built = load_backend(connection.settings_dict["ENGINE"]).DatabaseWrapper(through(relay), "elsewhere")
    connections["elsewhere"] = built
    yield built
    built.close()
    del connections["elsewhere"]


@pytest.fixture
def far_database(relay):
    """Our own connection goes over a network."""
    kept = connection.settings_dict
    connection.close()
    connection.settings_dict = through(relay)
    connection.ensure_connection()
    yield relay
    relay.mode = "ok"
    connection.close()
    connection.settings_dict = kept


def test_new_sessions_have_every_limit(elsewhere):
    for name, value in SERVER_LIMITS.items():
        found = ask(f"SELECT reset_val::bigint FROM pg_settings WHERE name = '{name}'", elsewhere)
        assert found == [(value,)], name
    assert too_patient(elsewhere) == {}


def test_what_the_dead_held_is_free_again(elsewhere, relay):
    dana = Person.create()
    began = time.monotonic()
    with pytest.raises(DATABASE_ERRORS) as found, transaction.atomic(using="elsewhere"):
        Account.objects.using("elsewhere").select_for_update().get(pk=dana.pk)
        relay.mode = "dark"
        assert not locked_by_us(dana), "it is passed over meanwhile"
        wait_until(lambda: locked_by_us(dana), AN_ANSWER, "the lock of the dead")
        relay.mode = "ok"
        ask("SELECT 1", elsewhere)
    assert time.monotonic() - began < AN_ANSWER
    assert (is_away(found.value), sqlstate_of(found.value)) == (True, "25P03")


def locked_by_us(account) -> bool:
    with transaction.atomic():
        return Account.objects.select_for_update(skip_locked=True).filter(pk=account.pk).exists()


@pytest.mark.parametrize("path", ["/signup/", "/login/", "/contact/"])
def test_a_page_has_an_answer_while_it_is_dark(client, far_database, path):
    far_database.mode = "dark"
    began = time.monotonic()
    page = client.post(path, {**DANA, "message": "I am stuck"})
    assert time.monotonic() - began < AN_ANSWER
    assert (page.status_code, "database" in page.content.decode()) == (503, True)


@pytest.mark.parametrize("path", ["/readyz", "/repairz"])
def test_machines_have_theirs_sooner(client, far_database, path):
    far_database.mode = "dark"
    began = time.monotonic()
    assert (client.get(path).status_code, client.get(path).json()["database"]) == (503, "not answering")
    assert time.monotonic() - began < AN_ANSWER


def test_a_page_may_wait_so_long_in_all():
    with at_most(0.3):
        with pytest.raises(OperationalError, match="did not answer"):
            for _ in range(9):
                ask("SELECT pg_sleep(0.2)")
        with pytest.raises(OperationalError):
            connection.close()
            ask("SELECT 1")
    connection.close()
    assert ask("SELECT 1") == [(1,)]


def test_what_answers_at_once_is_heard_whatever_was_spent():
    connection.ensure_connection()
    with at_most(0):
        assert ask("SELECT 1") == [(1,)]


def test_a_migration_takes_as_long_as_it_takes():
    connection.close()
    for atomic in (True, False):
        with at_most(1), connection.schema_editor(atomic=atomic):
            assert ask("SHOW statement_timeout") == [("0",)]
            assert ask("SHOW lock_timeout") == [("7s",)]
            ask("SELECT pg_sleep(1.2)")
        assert ask("SHOW statement_timeout") == [("30s",)]


@pytest.fixture
def a_database():
    """Its name, that of a role who may do nothing there, and how to become it."""
    connection.close()
    ask('CREATE DATABASE "patience\'s ""own"""')
    ask("CREATE ROLE patience_guest LOGIN")
    built = load_backend(connection.settings_dict["ENGINE"]).DatabaseWrapper(
        connection.settings_dict | {"NAME": 'patience\'s "own"'}, "own"
    )
    connections["own"] = built
    yield built
    built.close()
    del connections["own"]
    ask('DROP DATABASE "patience\'s ""own"""')
    ask("DROP ROLE patience_guest")


def test_it_limits_the_database_it_is_in_whatever_its_name(a_database):
    limit_server(a_database)
    a_database.close()
    assert ask("SHOW lock_timeout", a_database) == [("7s",)]


def test_what_the_owner_chose_stays(a_database):
    ask('ALTER DATABASE "patience\'s ""own""" SET statement_timeout = 120000', a_database)
    limit_server(a_database)
    a_database.close()
    assert (ask("SHOW statement_timeout", a_database), ask("SHOW lock_timeout", a_database)) == (
        [("2min",)],
        [("7s",)],
    )


def test_who_does_not_own_it_limits_their_own_sessions(a_database):
    a_database.settings_dict["USER"] = "patience_guest"
    limit_server(a_database)
    a_database.close()
    assert ask("SELECT current_user, current_setting('lock_timeout')", a_database) == [("patience_guest", "7s")]
    a_database.close()
    a_database.settings_dict["USER"] = connection.settings_dict["USER"]
    assert ask("SHOW lock_timeout", a_database) == [("0",)]


def test_the_limits_come_with_the_migrations():
    assert ("accounts", "0003_limits") in MigrationLoader(connection).applied_migrations
