"""Where workspaces live, by one URL; each backend safe to repeat."""

from threading import Thread

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.profile.deletion import delete_everything
from accounts.status import Status
from provisioning.exceptions import StepFailed
from provisioning.intake.pickup import pick_up
from provisioning.models import OWED, Step, Workspace
from provisioning.sweep import sweep
from provisioning.workspaces import create, http
from stage.processes import wait_until
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

NASTY = 'Acme"; DROP SCHEMA public CASCADE; -- \N{PILE OF POO} ' + "x" * 200


@pytest.fixture
def schemas(settings, mail):
    settings.WORKSPACE_URL = "postgres-schema:"
    yield
    with connection.cursor() as cursor:
        for name in Workspace.objects.values_list("reference", flat=True):
            cursor.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE; DROP ROLE IF EXISTS "{name}"')


def test_a_schema_a_workspace_whatever_the_company_is_called(schemas):
    dana, bo = Person.create(company=NASTY), Person.create(company="Lund & Co")
    sweep()
    for account in (dana, bo):
        account.refresh_from_db()
        assert account.status == Status.ACTIVE
    workspace = Workspace.objects.get(account=dana)
    assert (workspace.backend, workspace.reference) == ("postgres-schema", f"workspace_{dana.pk.hex}")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT company FROM {workspace.reference}.about")
        assert cursor.fetchall() == [(NASTY,)]


def ours(what: str, named: str, name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {what} WHERE {named} = %s", [name])
        return cursor.fetchone()[0]


def test_whoever_deletes_everything_takes_the_schema_along(schemas):
    dana, bo = Person.create(), Person.create()
    sweep()
    names = {account: f"workspace_{account.pk.hex}" for account in (dana, bo)}
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {names[dana]}; CREATE TABLE {names[dana]}.more (x int); RESET ROLE")
    assert delete_everything(dana) and not delete_everything(dana)
    left = {
        account: (ours("pg_namespace", "nspname", name), ours("pg_roles", "rolname", name))
        for account, name in names.items()
    }
    assert left == {dana: (0, 0), bo: (1, 1)}


def test_who_has_left_gets_no_schema_from_a_step_that_was_under_way(schemas):
    dana = Person.create()
    pick_up()
    step = Step.objects.select_related("account").get(kind="workspace")
    delete_everything(dana)
    with pytest.raises(StepFailed, match="deleted everything"):
        create(step)
    assert ours("pg_roles", "rolname", f"workspace_{dana.pk.hex}") == 0


def test_leaving_waits_for_a_schema_that_is_being_made_and_finds_it(schemas):
    dana = Person.create()
    pick_up()
    step = Step.objects.select_related("account").get(kind="workspace")

    def leave():
        delete_everything(dana)
        connection.close()

    leaver = Thread(target=leave)
    with transaction.atomic():
        create(step)
        leaver.start()
        until_somebody_waits_for_a_lock()
    leaver.join()
    assert ours("pg_roles", "rolname", f"workspace_{dana.pk.hex}") == 0


def until_somebody_waits_for_a_lock() -> None:
    wait_until(somebody_waits, 20, "the deletion to wait")


def somebody_waits() -> bool:
    """A transaction sees its first look at the activity again and again, unless that is cleared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
    here = "(SELECT * FROM pg_stat_activity WHERE datname = current_database()) AS here"
    return ours(here, "wait_event_type", "Lock") > 0


def test_making_it_twice_makes_one(schemas):
    Person.create()
    sweep()
    step = Step.objects.select_related("account").get(kind="workspace")
    assert create(step) == create(step) == step.reference
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {step.reference}.about")
        assert cursor.fetchone() == (1,)


def test_one_workspace_cannot_read_another(schemas):
    Person.create(), Person.create()
    sweep()
    mine, theirs = Workspace.objects.values_list("reference", flat=True)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {mine}")
            cursor.execute(f"SELECT * FROM {theirs}.about")


def test_local_is_a_row_of_ours(settings, mail):
    settings.WORKSPACE_URL = "local:"
    dana = Person.create()
    sweep()
    assert Workspace.objects.get(account=dana).backend == "local"


@pytest.mark.parametrize("token", ["token", "another"])
def test_the_token_is_sent_as_bearer(world, settings, token):
    _mail, workspaces = world
    settings.WORKSPACE_URL = workspaces.url.replace("token@", f"{token}@")
    dana = Person.create()
    sweep()
    assert workspaces.requests[0].headers["Authorization"] == f"Bearer {token}"
    assert (str(dana.pk) in workspaces.workspaces) is (token == "token")


def test_a_redirect_is_refused(world):
    _mail, workspaces = world
    workspaces.mode = "redirect"
    Person.create()
    sweep()
    assert [request.path.split("/")[1] for request in workspaces.requests] == ["workspaces"]
    assert "302" in Step.objects.get(kind="workspace", state__in=OWED).error


def test_a_service_that_drips_is_cut_off(world, monkeypatch):
    _mail, workspaces = world
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.2)
    workspaces.drip_every = 0.02
    workspaces.mode = "drip"
    dana = Person.create()
    sweep()
    dana.refresh_from_db()
    assert (dana.status, workspaces.effects[str(dana.pk)]) == (Status.ACTIVE, 1)
