"""The desk asks once who is there, when, and in which time zone."""

import pytest

from support.models import the_desk
from tests.people import Supporter

pytestmark = pytest.mark.django_db
WHERE = "/admin/introduction/"
GIVEN = {"name": "Jordan", "hours": "9-12, 13-17", "time_zone": "Europe/Lisbon"}


@pytest.fixture
def jordan(client):
    client.force_login(Supporter.create(is_superuser=True, name="Jordan Reis"))
    return client


def is_asked(client) -> bool:
    return WHERE in client.get("/admin/").content.decode()


def test_what_is_given_is_the_desks(jordan):
    assert is_asked(jordan)
    jordan.cookies["zone"] = "Europe/Lisbon"
    page = jordan.get(WHERE).content.decode()
    assert 'value="Jordan Reis"' in page and '<option value="Europe/Lisbon" selected>' in page
    assert "keep to your hours" in jordan.post(WHERE, GIVEN, follow=True).content.decode()
    desk = the_desk()
    assert (desk.name, desk.monday, desk.friday, desk.saturday) == ("Jordan", GIVEN["hours"], GIVEN["hours"], "")
    assert desk.time_zone == "Europe/Lisbon" and not is_asked(jordan)


def test_not_now_is_an_answer(jordan):
    jordan.post(WHERE, {"later": "1"})
    assert not is_asked(jordan) and the_desk().name == "Support"


@pytest.mark.parametrize(("wrong", "said"), [({"hours": "from nine"}, "9:00-12:30"), ({"name": ""}, "required")])
def test_what_cannot_be_is_said_and_what_was_typed_stays(jordan, wrong, said):
    page = jordan.post(WHERE, GIVEN | {"name": "Kim"} | wrong).content.decode()
    assert said in page and the_desk().name == "Support"
    assert ("name" in wrong) or 'value="Kim"' in page


def test_a_desk_with_a_name_is_not_asked(jordan):
    desk = the_desk()
    desk.name = "Kim"
    desk.save()
    assert not is_asked(jordan)
