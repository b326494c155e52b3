"""A desk worth looking at, on command, and never over real people unasked."""

from collections import Counter
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account
from provisioning.models import Outage
from support.audit.audit import audit
from support.desk.dashboard import today
from support.models import Incident, Question, Ticket, TrustRepair, the_desk
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
    assert "Workspace: server error, 40 people" in html and "Mina Okafor" in html
    assert "Recovering on their own: 5." in html and "Piet Jansen" in html


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


def test_everybody_on_it_is_accounted_for():
    demo()
    assert audit().unaccounted == 0


def test_real_people_are_left_alone():
    Person.create()
    with pytest.raises(CommandError, match="Real people"):
        demo()
    assert Account.objects.count() == 1
    demo("--force")
    demo("--force")
    assert Account.objects.filter(company="Acme", email__endswith="@acme.example").count() == 1


def test_a_week_worth_looking_at():
    demo()
    demo()
    desk = the_desk()
    assert (desk.name, desk.tuesday, desk.time_zone) == ("Jordan", "9:00-12:30, 13:30-18:00", "Europe/Lisbon")
    earlier, today = Outage.objects.order_by("began_at")
    assert (earlier.dependency_id, today.dependency_id) == ("mail", "workspace")
    answers = Question.objects.exclude(choice="")
    assert [answers.filter(outage=outage).count() for outage in (earlier, today)] == [5, 4]
    assert Question.objects.filter(choice="unknown", answered_at=None, who="Olga Brandt").count() == 1
    words = TrustRepair.objects.filter(level="personal").values_list("state", flat=True)
    assert Counter(words) == {"sent": 2, "answered": 1, "owed": 5}


def test_every_page_of_that_week_opens():
    email, password = demo()[-2:]
    client = Client()
    client.post("/admin/login/?next=/admin/", {"username": email, "password": password})
    words = client.get("/admin/words/").content.decode()
    assert "Felix Huber" in words and "Alma Reyes" in words.partition("Sent lately")[2]
    for outage in Outage.objects.all():
        page = client.get(f"/admin/why/outage/{outage.pk}/").content.decode()
        assert "Olga Brandt" in page and "Noticed first by" in page


def test_a_desk_that_has_introduced_itself_keeps_its_name_and_hours():
    desk = the_desk()
    desk.name, desk.monday = "Kim", "8:00-12:00"
    desk.save()
    demo()
    assert (the_desk().name, the_desk().monday) == ("Kim", "8:00-12:00")
