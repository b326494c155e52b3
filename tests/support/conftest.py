from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client

from support.actions import actions
from tests.people import Supporter
from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world  # noqa: F401


def make_roles(apps, schema_editor):
    """The roles with all that the migrations give them."""
    import_module("support.migrations.0002_roles").make_roles(apps, schema_editor)
    import_module("support.migrations.0007_notes_and_saved_replies").grant(apps, schema_editor)
    import_module("support.migrations.0010_week_introduction_and_requests").grant(apps, schema_editor)
    import_module("support.migrations.0011_staff").grant(apps, schema_editor)


@pytest.fixture(autouse=True)
def no_second_thoughts(request, monkeypatch):
    """A reply goes out at once, but where it is about taking it back."""
    if request.module.__name__ != "tests.support.test_undo":
        monkeypatch.setattr(actions, "UNDO_FOR", timedelta(0))


@pytest.fixture
def jordan(db):
    """The one person who helps, with the role *support* and nothing more."""
    jordan = Supporter.create(name="Jordan", is_superuser=False)
    make_roles(apps, None)  # a test with real transactions empties all tables after it
    jordan.groups.add(Group.objects.get(name="support"))
    return jordan


@pytest.fixture
def desk(jordan):
    """Her browser, logged in."""
    client = Client()
    client.force_login(jordan)
    return client
