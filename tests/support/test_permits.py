"""Authorisation of pages: all addresses of the desk, with each single permission and with none, against a table."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account
from accounts.status import Status
from provisioning.models import Dependency, Outage, Workspace
from support import permissions as permits
from support.models import (
    Attachment,
    Away,
    InboundMail,
    Incident,
    Letter,
    Message,
    Promise,
    Question,
    TrustRepair,
    the_desk,
)
from support.trust import apologies
from tests.people import Person, Supporter
from tests.support.test_today import given_up, wrote

pytestmark = pytest.mark.django_db

# What each page takes. Twice on purpose: permits.py says what is, this what ought to be.
TODAY = {"accounts.view_account", "support.view_ticket"}
WORDS = {"accounts.view_account", "support.view_trustrepair"}
WHY = {"provisioning.view_outage", "support.view_question"}
PAGES = {
    "index": TODAY,
    "press": None,  # test_offers.py
    "insert_saved": None,  # test_notes.py
    "words": WORDS,
    "send_word": WORDS | {"support.change_trustrepair"},
    "send_words": WORDS | {"support.change_trustrepair"},
    "take_words_back": WORDS | {"support.change_trustrepair"},
    "take_word_back": WORDS | {"support.change_trustrepair"},
    "introduce_desk": {"support.change_desk"},
    "staff": {"support.manage_staff"},
    "staff_act": None,  # test_staff.py
    "mail": {"support.view_ticket"},
    "attachment": {"support.view_ticket"},
    "step_away": {"support.add_away"},
    "come_back": TODAY | {"support.add_away"},
    "why": WHY,
    "why_outage": WHY,
    "why_month": WHY,
    "why_answer": WHY | {"support.change_question"},
}
HOLDS_NOBODY = {
    *("login", "second_step", "logout", "password_change", "password_change_done", "recovery_codes", "jsi18n"),
    *("records", "app_list", "autocomplete", "view_on_site", None),
}
SECRETS = ["Dana Sommer", "dana@acme.example", "Where is my account", "Sommer & Söhne", "never told anybody"]


@pytest.fixture
def full():
    """Something of everything, and of everything the words that only some may read."""
    dana = Person.create(
        name="Dana Sommer", email="dana@acme.example", company="Sommer & Söhne", status=Status.FAILED, asked_at=None
    )
    now = timezone.now()
    service = Dependency.objects.create(name="workspace")
    given_up(dana, "dana@acme.example was refused")
    ticket = wrote(dana)
    outage = Outage.objects.create(dependency=service, failure="5xx", error="dana@acme.example", began_at=now)
    incident = Incident.objects.create(
        dependency="workspace", failure="5xx", error="503 dana@acme.example", began_at=now
    )
    letter = Letter.objects.create(occasion="x", ticket=ticket, to=dana.email, subject="s", body="never told anybody")
    repair = TrustRepair.objects.create(
        account=dana,
        incident="alone",
        level="personal",
        state="owed",
        harms={},
        ready_at=now,
        opened_at=now,
        words="never told anybody",
    )
    promise = Promise.objects.create(email=dana.email, due=now, made_at=now, ticket=ticket, said_in="letter")
    question = Question.objects.create(outage=outage, key="needed", asked_at=now)
    workspace = Workspace.objects.create(account=dana, key=uuid4(), reference="r", backend="local")
    away = Away.objects.create(start=now, until=now)
    device = TOTPDevice.objects.create(user=dana)
    schedule = IntervalSchedule.objects.create(every=1, period="days")
    post = InboundMail.objects.create(hook="plain/inbound/", posted=b"From: dana@acme.example", digest="x")
    message = Message.objects.filter(ticket=ticket).latest("pk")
    Message.objects.filter(pk=message.pk).update(mail=post)
    file = Attachment.objects.create(message=message, name="a.txt", size=11, content=b"Dana Sommer")
    rows = [dana, ticket, outage, incident, letter, repair, promise, workspace, away, device, schedule, service]
    rows += [the_desk(), PeriodicTask.objects.create(name="t", task="t", interval=schedule)]
    named = {"question": question.pk, "mail": message.pk, "file": file.pk}
    return {row._meta.label_lower: row.pk for row in rows} | named


def patterns(resolver=None, prefix=()):
    """Every name of an address in the desk's urlconf, and the names of its arguments."""
    if resolver is None:
        resolver = next(p for p in get_resolver().url_patterns if getattr(p, "namespace", "") == "admin")
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, (*prefix, pattern))
        elif isinstance(pattern, URLPattern):
            yield pattern.name, set(pattern.pattern.converters)


def model_pages():
    for model in admin.site._registry:
        meta = model._meta
        for page in permits.MODEL_PAGES:
            yield f"{meta.app_label}_{meta.model_name}_{page}", model, page


def address(name, rows) -> str:
    args = {"why_outage": "provisioning.outage", "why_answer": "question", "send_word": "support.trustrepair"}
    args |= {"take_word_back": "support.trustrepair"}
    args |= {"send_words": "provisioning.outage", "take_words_back": "provisioning.outage"}
    if name == "why_month":
        return reverse("admin:why_month", args=[2026, 11])
    if name in ("mail", "attachment"):
        return reverse(f"admin:{name}", args=[rows["mail"], rows["file"]][: 1 + (name == "attachment")])
    return reverse(f"admin:{name}", args=[rows[args[name]]] if name in args else [])


def user_with(permissions) -> Account:
    user = Supporter.create(is_superuser=False)
    rows = Permission.objects.select_related("content_type")
    user.user_permissions.set(row for row in rows if f"{row.content_type.app_label}.{row.codename}" in permissions)
    return user


def staff_with(permissions) -> Client:
    client = Client()
    client.force_login(user_with(permissions))
    return client


def opens(client, name, where) -> bool:
    """Whether the page does what it is for; what is refused is refused with 403 and tells nothing."""
    posts = name in (
        "send_word",
        "send_words",
        "take_word_back",
        "take_words_back",
        "step_away",
        "come_back",
        "why_answer",
    )
    answer = client.post(where, {"words": "x"}) if posts else client.get(where)
    if answer.status_code == 403:
        assert told(answer) == [], (name, told(answer))
        return False
    assert answer.status_code in (200, 302), (name, answer.status_code)
    return True


def told(answer) -> list[str]:
    text = answer.content.decode()
    return [secret for secret in SECRETS if secret in text or secret.replace("&", "&amp;") in text]


def every_permission() -> list[str]:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    return sorted(f"{app}.{codename}" for app, codename in rows)


def test_every_address_is_in_a_table():
    found = {name for name, _arguments in patterns()}
    assert found == set(PAGES) | HOLDS_NOBODY | {name for name, *_ in model_pages()}
    assert set(permits.PAGES) <= found


@pytest.mark.parametrize("name", [name for name, needed in PAGES.items() if needed])
def test_a_page_opens_with_what_it_names_and_with_nothing_less(full, name):
    needed, where = PAGES[name] or set(), address(name, full)
    assert opens(staff_with(needed), name, where)
    for missing in needed:
        assert not opens(staff_with(needed - {missing}), name, where), missing


def test_staff_without_a_permission_reads_nothing_anywhere(full):
    client = staff_with([])
    for name, needed in PAGES.items():
        if needed:
            assert not opens(client, name, address(name, full)), name
    for name, model, page in model_pages():
        assert_nothing_told(client, name, model, page, full)
    for where in ("records/", "jsi18n/", "password_change/", "autocomplete/", "support/", "accounts/", "r/1/1/"):
        assert told(client.get(f"/admin/{where}")) == []
    assert client.get("/admin/records/").status_code == 403


def assert_nothing_told(client, name, model, page, full):
    args = [] if page in ("changelist", "add") else [full.get(model._meta.label_lower, 1)]
    answer = client.get(reverse(f"admin:{name}", args=args))
    assert answer.status_code in (302, 403, 404), (name, answer.status_code)
    assert told(answer) == [], name


def test_each_single_permission_opens_its_own_pages_only(full):
    for permission in set().union(*filter(None, PAGES.values())):
        client = staff_with([permission])
        for name, needed in PAGES.items():
            if needed:
                assert opens(client, name, address(name, full)) is (needed == {permission}), (permission, name)


def test_all_other_permissions_together_open_no_page(full):
    for name, needed in PAGES.items():
        for missing in needed or set[str]():
            client = staff_with(set(every_permission()) - {missing})
            assert not opens(client, name, address(name, full)), (name, missing)


def test_a_list_opens_with_a_permission_of_its_own_model_only(full):
    """Each single permission that there is, against each list; the lists are then asked for in earnest."""
    for permission in every_permission():
        request = RequestFactory().get("/")
        request.user = user_with([permission])
        lists = {of for of, at in admin.site._registry.items() if at.has_view_or_change_permission(request)}
        names = {f"{of._meta.app_label}.view_{of._meta.model_name}" for of in lists}
        assert names <= {permission.replace(".change_", ".view_")}, permission
    for name, model, page in model_pages():
        if page in ("changelist", "change"):
            seen_with = f"{model._meta.app_label}.view_{model._meta.model_name}"
            client = staff_with(set(every_permission()) - {seen_with, seen_with.replace("view_", "change_")})
            assert_nothing_told(client, name, model, page, full)


def test_the_card_of_a_person_shows_no_words_to_who_may_not_read_tickets(full):
    card = reverse("admin:accounts_account_change", args=[full["accounts.account"]])
    assert "Where is my account" in staff_with(TODAY).get(card).content.decode()
    html = staff_with(["accounts.view_account"]).get(card).content.decode()
    assert "Where is my account" not in html and "Dana Sommer" in html


def test_a_word_to_the_house_is_a_superusers(full):
    client = staff_with(WORDS | {"support.change_trustrepair"})
    Account.objects.filter(pk=full["accounts.account"]).update(is_staff=True)
    answer = client.post(address("send_word", full), {"words": "Hello"})
    assert answer.status_code == 403 and not apologies.TrustRepair.objects.filter(state="sent").exists()


def test_a_refusal_is_a_sentence_and_a_way_on(full):
    html = staff_with(["support.view_incident"]).get("/admin/").content.decode()
    assert "You can't open this page" in unescape(html) and re.search(r'href="/admin/records/"', html)
