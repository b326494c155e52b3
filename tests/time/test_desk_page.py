"""The desk's buttons: away, back, and a word that is sent."""

from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from support.models import Away, Desk, TrustRepair
from support.trust import apologies
from tests.people import Supporter
from tests.time.conftest import at, letters, minutes, signed_up, they, works

pytestmark = pytest.mark.usefixtures("desk")


@pytest.fixture
def jordan():
    client = Client()
    client.force_login(Supporter.create())
    return client


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_away_and_back(jordan):
    assert jordan.get(reverse("admin:step_away")).status_code == 405
    assert said(jordan.post(reverse("admin:step_away")))[0].startswith("You're away; people are told you'll be back")
    assert Away.objects.filter(until__gt=timezone.now()).count() == 1
    assert "Nothing you need to know about." in said(jordan.post(reverse("admin:come_back")))
    assert not Away.objects.filter(until__gt=timezone.now()).exists()


def test_a_word_is_read_changed_and_sent_once(jordan):
    came = at("2026-11-23 09:00")
    account = signed_up(came, name="Dana Sommer")
    they(account, came + minutes(5), "wrote")
    works(account, came + minutes(50))
    apologies.assess(came + minutes(51))
    repair = TrustRepair.objects.get()
    assert "Hello Dana," in jordan.get(reverse("admin:words")).content.decode()
    address = reverse("admin:send_word", args=[repair.pk])
    jordan.post(address, {"words": "  "})
    assert letters(account) == []
    for words in ("Mine.", "Mine again."):
        jordan.post(address, {"words": words, "restitution": "a month"})
    repair.refresh_from_db()
    assert (repair.words, repair.restitution, letters(account)) == ("Mine.", "a month", ["letter.word"])


def test_who_may_only_look_changes_nothing():
    client = Client()
    client.force_login(Supporter.create(is_superuser=False))
    client.post(reverse("admin:step_away"))
    assert not Away.objects.exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, ""),
        ({"monday": "nine to five"}, "isn't a time span like 9:00-17:30"),
        ({"time_zone": "Lisbon"}, "There's no time zone Lisbon"),
        ({"holidays_country": "XX"}, "We don't know the public holidays"),
        ({"holidays_country": "DE", "holidays_subdivision": "ZZ"}, "has no region of that name"),
    ],
)
def test_the_hours_are_edited_in_the_admin_and_what_is_wrong_is_said(jordan, change, complaint):
    desk = Desk.objects.get()
    fields = {field.name: getattr(desk, field.name) for field in Desk._meta.fields if field.editable}
    typed = {name: value for name, value in fields.items() if value not in (None, False)} | {"saturday": "10-12"}
    page = jordan.post(reverse("admin:support_desk_change", args=[1]), typed | change)
    assert Desk.objects.get().saturday == ("" if complaint else "10-12")
    assert complaint in unescape(page.content.decode()) or page.status_code == 302
