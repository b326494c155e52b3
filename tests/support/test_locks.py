"""The desk is safe to leave open: a second step, an idle time-out, roles, and a log of who looked at whom."""

import time

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Event
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_steps(settings):
    settings.DESK_REQUIRES_TOTP = True


def code_of(device):
    return f"{totp(device.bin_key):06}"


def test_createsuperuser_and_log_in_is_enough_at_home(settings):
    supporter = Supporter.create()
    client = Client()
    assert settings.DESK_REQUIRES_TOTP is False
    client.post("/admin/login/?next=/admin/", {"username": supporter.email, "password": PASSWORD})
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("two_steps")
def test_the_password_alone_opens_nothing(desk, jordan):
    dana = Person.create()
    for page in ("", "records/", "accounts/account/", f"accounts/account/{dana.pk}/change/", "acts/recover/"):
        answer = desk.get("/admin/" + page)
        assert (answer.status_code, answer.url) == (302, "/admin/second-step/")
    assert desk.post("/admin/acts/recover/", {"reason": "x"}).status_code == 302
    assert not Event.objects.exists()


@pytest.mark.usefixtures("two_steps")
def test_enrol_once_then_a_code_each_time(desk, jordan):
    page = desk.get("/admin/second-step/")
    assert "<svg" in page.content.decode()
    device = TOTPDevice.objects.get(user=jordan)
    assert "does not fit" in desk.post("/admin/second-step/", {"code": "000000"}).content.decode()
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert desk.post("/admin/second-step/", {"code": code_of(device)}).url == "/admin/"
    assert desk.get("/admin/").status_code == 200
    again = Client()
    again.force_login(jordan)
    page = again.get("/admin/second-step/").content.decode()
    assert "<svg" not in page.split("content-main")[1].split("</form>")[0], "the key is shown once"
    assert again.get("/admin/").status_code == 302


@pytest.mark.usefixtures("two_steps")
def test_one_code_works_once(desk, jordan):
    desk.get("/admin/second-step/")
    code = code_of(TOTPDevice.objects.get(user=jordan))
    desk.post("/admin/second-step/", {"code": code})
    thief = Client()
    thief.force_login(jordan)
    thief.post("/admin/second-step/", {"code": code})
    assert thief.get("/admin/").status_code == 302


def test_people_who_are_no_staff_see_no_second_step(client):
    client.force_login(Person.create())
    assert client.get("/admin/second-step/").url == "/admin/login/"
    assert not TOTPDevice.objects.exists()


def test_out_after_half_an_hour_without_a_click(desk, settings):
    assert desk.get("/admin/").status_code == 200
    session = desk.session
    session["desk_seen"] = time.time() - settings.DESK_IDLE_MINUTES * 60 - 1
    session.save()
    assert desk.get("/admin/").url == "/admin/login/?next=/admin/"
    assert "was locked" in desk.get("/admin/login/").content.decode()
    assert desk.get("/admin/").status_code == 302


def test_the_roles_are_there(jordan):
    for name in ("support", "owner"):
        acts = Group.objects.get(name=name).permissions
        assert acts.filter(codename="recover_all").exists()
        assert not acts.filter(codename__in=["change_account", "change_ticket", "add_account"]).exists()
        assert not acts.filter(codename__startswith="delete_").exists()


def test_who_looked_at_whom_is_in_the_diary_once(desk, jordan):
    dana = Person.create()
    for _ in range(3):
        desk.get(f"/admin/accounts/account/{dana.pk}/change/")
    look = Event.objects.get(account=dana)
    assert (look.kind, look.actor) == ("looked_at", jordan)


def test_nothing_can_be_changed_by_a_form_of_stock_admin():
    client, dana = Client(), Person.create(name="Dana")
    client.force_login(Supporter.create())
    at = f"/admin/accounts/account/{dana.pk}/"
    client.post(at + "change/", {"name": "Mallory", "is_staff": "on"})
    client.post(at + "delete/", {"post": "yes"})
    client.post("/admin/accounts/account/add/", {"email": "x@x.example"})
    dana.refresh_from_db()
    assert dana.name == "Dana" and not dana.is_staff
