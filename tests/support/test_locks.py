"""The desk is safe to leave open: a second step, an idle time-out, roles, and a log of who looked at whom."""

import re
import time
from base64 import b32encode
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Event
from accounts.status import Status
from support.desk import two_factor
from support.models import Letter, RecoveryCode
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_steps(settings):
    settings.DESK_REQUIRES_TOTP = True


def code_of(device):
    return f"{totp(device.bin_key):06}"


def codes_on(page) -> list[str]:
    return re.findall(r"<li><code>(.+?)</code>", page.content.decode())


def enrol(client, jordan) -> list[str]:
    """Her recovery codes, as they were shown to her."""
    client.get("/admin/second-step/")
    page = client.post("/admin/second-step/", {"code": code_of(TOTPDevice.objects.get(user=jordan))})
    forget_what_was_typed()
    return codes_on(page)


def forget_what_was_typed():
    """As if half a minute had passed: the next code of the app is another one."""
    TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0)


def logged_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


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
    assert "code isn't right" in unescape(desk.post("/admin/second-step/", {"code": "000000"}).content.decode())
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert len(codes_on(desk.post("/admin/second-step/", {"code": code_of(device)}))) == 10
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
    may_delete = {"delete_savedreply", "delete_away", "delete_on_request"}
    for name in ("support", "owner"):
        acts = Group.objects.get(name=name).permissions
        assert acts.filter(codename="recover_all").exists()
        assert not acts.filter(codename__in=["change_account", "change_ticket", "add_account"]).exists()
        assert {act.codename for act in acts.filter(codename__startswith="delete_")} <= may_delete


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


@pytest.mark.usefixtures("two_steps")
def test_a_key_belongs_to_the_session_that_was_shown_it(desk, jordan):
    """Somebody else who knows the password sees another key, and nobody can finish what another began."""
    desk.get("/admin/second-step/")
    hers = TOTPDevice.objects.get(user=jordan)
    thief = logged_in(jordan)
    shown = thief.get("/admin/second-step/").content.decode()
    theirs = TOTPDevice.objects.get(user=jordan)
    assert hers.key != theirs.key and b32encode(hers.bin_key).decode() not in shown
    thief.post("/admin/second-step/", {"code": code_of(hers)})
    assert not TOTPDevice.objects.filter(confirmed=True).exists()
    again = desk.get("/admin/second-step/").content.decode()
    newest = TOTPDevice.objects.get(user=jordan)
    assert b32encode(newest.bin_key).decode() in again and newest.key not in (hers.key, theirs.key)
    assert codes_on(desk.post("/admin/second-step/", {"code": code_of(newest)}))
    assert desk.get("/admin/").status_code == 200
    assert (
        "<svg" not in thief.get("/admin/second-step/").content.decode().split("content-main")[1].split("</form>")[0]
    )


@pytest.mark.usefixtures("two_steps")
def test_a_recovery_code_opens_once(desk, jordan):
    codes = enrol(desk, jordan)
    assert not RecoveryCode.objects.filter(code_hash__in=codes).exists(), "kept as hashes"
    for typed, opens in ((codes[0].lower().replace("-", " "), True), (codes[0], False), ("", False), ("x", False)):
        client = logged_in(jordan)
        client.post("/admin/second-step/", {"recovery_code": typed})
        assert client.get("/admin/").status_code == (200 if opens else 302), typed
    client = logged_in(jordan)
    page = client.post("/admin/second-step/", {"recovery_code": codes[1]}, follow=True).content.decode()
    assert "8 recovery codes are left" in page
    assert codes[2] not in client.get("/admin/recovery-codes/").content.decode(), "they are shown once"


@pytest.mark.usefixtures("two_steps")
def test_nobody_uses_the_codes_of_another(desk, jordan):
    codes = enrol(desk, jordan)
    mallory = Supporter.create()
    thief = logged_in(mallory)
    enrol(thief, mallory)
    another = logged_in(mallory)
    another.post("/admin/second-step/", {"recovery_code": codes[0]})
    assert another.get("/admin/").status_code == 302
    assert RecoveryCode.objects.filter(account=jordan, used_at=None).count() == 10


@pytest.mark.usefixtures("two_steps")
def test_new_codes_take_the_place_of_the_old_for_whoever_has_the_app(desk, jordan):
    old = enrol(desk, jordan)
    assert not codes_on(desk.post("/admin/recovery-codes/", {"code": "000000"}))
    forget_what_was_typed()
    new = codes_on(desk.post("/admin/recovery-codes/", {"code": code_of(TOTPDevice.objects.get())}))
    assert len(new) == 10 and not set(new) & set(old)
    for code, opens in ((old[0], False), (new[0], True)):
        client = logged_in(jordan)
        client.post("/admin/second-step/", {"recovery_code": code})
        assert (client.get("/admin/").status_code == 200) is opens


@pytest.mark.usefixtures("two_steps")
def test_a_new_phone_takes_the_place_of_the_old_one(desk, jordan):
    codes, old = enrol(desk, jordan), TOTPDevice.objects.get()
    client = logged_in(jordan)
    client.post("/admin/second-step/", {"recovery_code": codes[0], "new_phone": "on"})
    assert client.get("/admin/").status_code == 302, "a code alone opens nothing once a new key is asked for"
    assert "<svg" in client.get("/admin/second-step/").content.decode()
    assert TOTPDevice.objects.get(confirmed=True) == old
    new = TOTPDevice.objects.get(confirmed=False)
    assert len(codes_on(client.post("/admin/second-step/", {"code": code_of(new)}))) == 10
    assert TOTPDevice.objects.get() == new and client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("two_steps")
def test_the_codes_are_behind_the_second_step(desk, jordan):
    enrol(desk, jordan)
    thief = logged_in(jordan)
    assert thief.get("/admin/recovery-codes/", follow=True).redirect_chain == [("/admin/second-step/", 302)]
    forget_what_was_typed()
    assert not codes_on(thief.post("/admin/recovery-codes/", {"code": code_of(TOTPDevice.objects.get())}))


@pytest.mark.parametrize("page", ["", "records/", "password_change/", "password_change/done/", "recovery-codes/"])
def test_no_page_of_the_desk_is_stored(desk, page):
    assert "no-store" in desk.get(f"/admin/{page}").headers["Cache-Control"]


@pytest.mark.parametrize("page", ["/home/", "/contact/", "/arriving/"])
def test_no_page_behind_log_in_is_stored(page):
    client = logged_in(Person.create(status=Status.ACTIVE, asked_at=None))
    assert "no-store" in client.get(page, follow=True).headers["Cache-Control"]


def test_the_desk_changes_a_password_on_everybodys_own_page(desk):
    """Which counts guesses, ends whatever else is open, and writes a letter."""
    assert desk.get("/admin/password_change/").url == reverse("own_password")
    new = {"old_password": PASSWORD, "new_password1": "another good phrase", "new_password2": "another good phrase"}
    assert desk.post("/admin/password_change/", new).status_code == 302
    assert Account.objects.get(is_staff=True).check_password(PASSWORD)


def diary_of(person) -> list[str]:
    return list(Event.objects.filter(account=person).order_by("pk").values_list("kind", flat=True))


@pytest.mark.usefixtures("two_steps")
def test_a_log_in_at_the_desk_is_in_the_diary(jordan):
    client = Client()
    for password in ("wrong and wrong again", PASSWORD):
        client.post("/admin/login/", {"username": jordan.email, "password": password})
    Client().post("/admin/login/", {"username": "nobody@acme.example", "password": PASSWORD})
    assert Event.objects.get(address="nobody@acme.example").kind == "tried_to_log_in"
    client.get("/admin/second-step/")
    client.post("/admin/second-step/", {"code": "000000"})
    forget_what_was_typed()
    enrol(client, jordan)
    kinds = diary_of(jordan)
    assert kinds[:2] == ["tried_to_log_in", "logged_in_at_the_desk"]
    assert kinds[-2:] == ["second_step_refused", "second_step_set_up"]
    again = logged_in(jordan)
    again.post("/admin/second-step/", {"code": code_of(TOTPDevice.objects.get(user=jordan))})
    assert diary_of(jordan)[-1] == "second_step_passed"


@pytest.mark.usefixtures("two_steps")
def test_a_new_second_step_is_told_by_a_letter(desk, jordan):
    enrol(desk, jordan)
    letter = Letter.objects.get(to=jordan.email)
    assert "set up again for you" in letter.subject and "If that wasn't you" in letter.body
    assert TOTPDevice.objects.get(user=jordan).key[:8] not in f"{letter.occasion} {letter.subject} {letter.body}"


def test_no_letter_about_a_key_that_another_session_has_replaced(jordan, rf):
    device = TOTPDevice.objects.create(user=jordan, confirmed=False)
    TOTPDevice.objects.filter(pk=device.pk).delete()
    request = rf.post("/admin/second-step/")
    request.user, request.session = jordan, {}
    assert two_factor._confirm(request, None, device).url == reverse("admin:second_step")
    assert not Letter.objects.exists() and not diary_of(jordan)
