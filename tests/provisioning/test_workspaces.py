"""Where workspaces live, by one URL; each backend safe to repeat."""

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.status import Status
from provisioning.models import OWED, Step, Workspace
from provisioning.sweep import sweep
from provisioning.workspaces import create, http
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
