"""The list of workspaces, as each backend has it: whole, in pages, or an error, and never a part called the whole."""

import pytest
from django.db import connection

from provisioning.exceptions import StepFailed
from provisioning.models import Workspace
from provisioning.sweep import sweep
from provisioning.workspaces import http, list_workspaces
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


def people(count: int) -> set[str]:
    return {str(person.pk) for person in Person.create_batch(count)}


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_a_service_lists_them_a_page_at_a_time(world, page):
    _mail, workspaces = world
    ids = people(4)
    sweep()
    workspaces.page = page
    listed = list(list_workspaces())
    assert set(listed) == ids and len(listed) == 4


@pytest.mark.parametrize(
    "says",
    [
        b'{"workspaces": [{"id": "a"}',
        b'{"workspaces": [{"name": "a"}]}',
        b'{"workspaces": "a"}',
        b'{"workspaces": [], "next": 3}',
        b"[]",
        b"<html>sign in</html>",
        b"",
    ],
)
def test_what_is_no_list_is_no_empty_list(world, says):
    _mail, workspaces = world
    workspaces.raw = b"HTTP/1.1 200 So\r\nContent-Length: %d\r\n\r\n%s" % (len(says), says)
    workspaces.mode = "raw"
    with pytest.raises(StepFailed, match="no list"):
        list(list_workspaces())


@pytest.mark.parametrize("mode", ["503", "refused", "drop", "429", "redirect"])
def test_a_service_that_is_away_is_an_error(world, mode):
    _mail, workspaces = world
    workspaces.mode = mode
    with pytest.raises(StepFailed):
        list(list_workspaces())


def test_a_service_that_names_one_page_for_ever_is_left(world, monkeypatch):
    _mail, workspaces = world
    says = b'{"workspaces": [], "next": "x"}'
    workspaces.raw = b"HTTP/1.1 200 So\r\nContent-Length: %d\r\n\r\n%s" % (len(says), says)
    workspaces.mode = "raw"
    with pytest.raises(StepFailed, match="again and again"):
        list(list_workspaces())
    people(3)
    workspaces.mode = "ok"
    sweep()
    workspaces.page = 1
    monkeypatch.setattr(http, "MOST_PAGES", 2)
    with pytest.raises(StepFailed, match="more than 2 pages"):
        list(list_workspaces())


@pytest.mark.parametrize("where", ["local:", "postgres-schema:"])
def test_our_own_database_lists_them(mail, settings, where):
    settings.WORKSPACE_URL = where
    ids = people(3)
    sweep()
    assert set(list_workspaces()) == ids
    with connection.cursor() as cursor:
        for name in Workspace.objects.filter(backend="postgres-schema").values_list("reference", flat=True):
            cursor.execute(f'DROP SCHEMA "{name}" CASCADE; DROP ROLE "{name}"')
