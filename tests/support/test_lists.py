"""No list of the desk tells what it does not show: filters (lookup_allowed), order, pop-ups, search; nor secrets."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_otp.plugins.otp_totp.models import TOTPDevice

from support.desk.record_lists import Guarded
from support.models import Ticket
from tests.people import Person, Supporter

pytestmark = pytest.mark.django_db
LISTS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LETTER_BY_LETTER = [
    *("password__startswith", "password__regex", "account__password__startswith", "user__password__startswith"),
    *("key__startswith", "user__email__startswith", "account__email__regex", "account__phone__contains"),
    *("actor__password__startswith", "author__password__startswith", "ticket__account__password__startswith"),
    *("permissions__codename", "user__is_superuser", "is_superuser", "is_superuser__exact", "last_login__gte"),
    *("body__contains", "draft__icontains", "kwargs__contains", "args__startswith", "id__gt", "pk__in"),
    *("mailbox_proven_at__isnull", "reference__startswith", "phone__startswith", "status__regex", "why__startswith"),
    *("confirmed__regex", "enabled__in__startswith", "state__contains", "dependency__name__regex"),
]


@pytest.fixture
def root():
    client = Client()
    client.force_login(Supporter.create())
    return client


def of(model, page="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_every_list_is_guarded(model):
    assert isinstance(admin.site._registry[model], Guarded)


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_no_list_is_filtered_by_what_it_does_not_show(root, model):
    for lookup in LETTER_BY_LETTER:
        assert root.get(of(model), {lookup: "a"}).status_code == 400, lookup
    for name in ("password", "key", "user__password"):
        assert root.get(of(model), {"_to_field": name, "_popup": "1"}).status_code == 400, name


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_every_field_of_a_model_is_refused_but_its_filters(root, model):
    shown = admin.site._registry[model].list_filter
    for field in model._meta.get_fields():
        if field.name not in shown:
            for lookup in (field.name, f"{field.name}__exact", f"{field.name}__startswith", f"{field.name}__isnull"):
                assert root.get(of(model), {lookup: "1"}).status_code == 400, lookup


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_the_filters_it_shows_work(root, model):
    html = root.get(of(model)).content.decode()
    for name in admin.site._registry[model].list_filter:
        assert f"{name}__" in html or f"{name}=" in html or name == "task", name
        assert root.get(of(model), {f"{name}__isnull": "False"}).status_code == 200


def test_an_address_changes_no_order(root):
    people = [Person.create(name=name) for name in ("Cem", "Ada", "Bo")]
    plain = root.get("/admin/accounts/account/").content.decode()
    for order in ("1", "-1", "2.-3", "-4"):
        html = root.get("/admin/accounts/account/", {"o": order}).content.decode()
        places = [sorted(people, key=lambda person: page.index(person.email)) for page in (plain, html)]
        assert places[0] == places[1]


def test_search_asks_for_nothing_that_is_not_shown(root, jordan):
    """Of each list, a search for what only a hidden field holds finds nothing."""
    person = Person.create(phone="+49 30 901820")
    device = TOTPDevice.objects.create(user=person)
    assert person.email not in root.get("/admin/accounts/account/", {"q": person.password[:12]}).content.decode()
    for term in (device.key, "nothing"):
        assert person.email in root.get(of(TOTPDevice), {"q": term}).content.decode(), "it is not searched at all"
    Ticket.objects.create(email="dana@acme.example", why="wrote", closed_because="hidden words")
    assert "dana@" not in root.get("/admin/support/ticket/", {"q": "hidden"}).content.decode()


def test_a_key_is_shown_to_nobody(root):
    device = TOTPDevice.objects.create(user=Person.create(), confirmed=True)
    pages = [of(TOTPDevice), of(TOTPDevice, "change", device.pk), of(TOTPDevice, "history", device.pk)]
    pages += [f"{of(TOTPDevice)}{device.pk}/{page}/" for page in ("config", "qrcode")]
    for page in pages:
        html = root.get(page, follow=True).content.decode()
        assert device.key not in html and "otpauth" not in html, page
    assert root.get(of(TOTPDevice, "add")).status_code == 403
    key = device.key
    root.post(of(TOTPDevice, "change", device.pk), {"key": "00" * 20, "confirmed": "on"})
    device.refresh_from_db()
    assert device.key == key


def test_a_superuser_frees_whose_phone_and_codes_are_gone(root, desk, jordan):
    device = TOTPDevice.objects.create(user=jordan, confirmed=True)
    assert desk.post(of(TOTPDevice, "delete", device.pk), {"post": "yes"}).status_code == 403
    root.post(of(TOTPDevice, "delete", device.pk), {"post": "yes"})
    assert not TOTPDevice.objects.exists()


def test_the_beats_schedules_are_to_be_read_only(root):
    schedule = IntervalSchedule.objects.create(every=1, period="days")
    task = PeriodicTask.objects.create(name="a task", task="provisioning.sweep", interval=schedule)
    for row in (schedule, task):
        assert root.get(of(type(row), "change", row.pk)).status_code == 200
        assert root.get(of(type(row), "add")).status_code == 403
        assert root.post(of(type(row), "delete", row.pk), {"post": "yes"}).status_code == 403
        root.post(of(type(row), "change", row.pk), {"every": "2", "period": "days", "name": "x", "task": "os.system"})
    for action in ("run_tasks", "disable_tasks", "toggle_tasks", "delete_selected"):
        root.post(of(PeriodicTask), {"action": action, "_selected_action": [task.pk]})
    schedule.refresh_from_db()
    task.refresh_from_db()
    assert (schedule.every, task.name, task.enabled) == (1, "a task", True)
