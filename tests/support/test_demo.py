"""A desk worth looking at, on command, and never over real people unasked."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account
from support.desk.dashboard import today
from support.models import Incident, Ticket
from tests.people import Person
from tests.support.conftest import make_roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def roles():
    make_roles(apps, None)  # a test with real transactions empties all tables after it


def demo(*words):
    said = StringIO()
    call_command("demo", *words, stdout=said)
    return said.getvalue().split()


def test_log_in_with_what_it_prints():
    email, password = demo()[-2:]
    client = Client()
    client.post("/admin/login/?next=/admin/", {"username": email, "password": password})
    html = " ".join(client.get("/admin/").content.decode().split())
    assert "6 things need you." in html
    assert "Workspace: 5xx, 40 people" in html and "Mina Okafor" in html
    assert "Healing without you: 5." in html and "Piet Jansen" in html


def test_the_order_of_the_lanes():
    demo()
    shown = today(Account.objects.get(email="jordan@desk.example"))
    names = [shown["opened"]["ticket"].email, *(ticket.email for ticket in shown["rest"])]
    starts = ["mina", "rob", "lena", "karin", "dana"]
    assert [name.split("@")[0].split(".")[0] for name in names if not name.startswith("nora")][:5] == starts


def test_again_is_the_same_desk():
    demo()
    before = Account.objects.count(), Ticket.objects.count(), Incident.objects.count()
    demo()
    assert (Account.objects.count(), Ticket.objects.count(), Incident.objects.count()) == before


def test_real_people_are_left_alone():
    Person.create()
    with pytest.raises(CommandError, match="Real people"):
        demo()
    assert Account.objects.count() == 1
    demo("--force")
    demo("--force")
    assert Account.objects.filter(company="Acme", email__endswith="@acme.example").count() == 1
