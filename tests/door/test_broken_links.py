"""A link as mail programs and people pass it on: with a bracket, a full stop or half a sentence behind it."""

import re
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import get_resolver

from accounts.email_links import Purpose, bound, hand_out
from accounts.models import Account
from accounts.status import Status
from provisioning.emails.compose import AFTER
from support.models import TrustRepair
from tests.people import Person

pytestmark = pytest.mark.django_db
BEHIND = [
    ")", ">", ".", ",", '"', " ", "\n", "\t", ").", '">', ">.", "]", "}", ";", "!", "?)", "*", "**", "_", "'", "’",
    "»", "…", "|", "\\", "=", "&gt;", "%3E", ":", "-", "/", "//", "\u00a0", "\u200b", "> Dana wrote",
    ") or reply.", "<br>",
]  # fmt: skip


@pytest.fixture
def dana() -> Account:
    return Person.create(status=Status.ACTIVE, asked_at=None)


def after(account: Account, page: str = "") -> str:
    now = Now()
    repair = TrustRepair.objects.create(
        account=account, incident="alone", level="automatic", state="sent", harms={}, ready_at=now, opened_at=now,
        sent_at=now, followed_up_at=now, followed_up_with="come_back",
    )  # fmt: skip
    return f"/after/{bound(f'repair {repair.pk}', account, AFTER)}/{page}"


LINKS = {
    "confirm": lambda account: f"/confirm/{hand_out(account, Purpose.CONFIRM, uuid4())}/",
    "already here": lambda account: f"/confirm/{hand_out(account, Purpose.ALREADY_HERE, uuid4())}/",
    "move": lambda account: f"/confirm/{hand_out(account, Purpose.MOVE, uuid4(), 'new@acme.example')}/",
    "reset": lambda account: f"/password/choose/{hand_out(account, Purpose.RESET, uuid4())}/",
    "after": after,
    "after, delete": lambda account: after(account, "delete/"),
    "login": lambda account: "/login/",
    "reset asked": lambda account: "/password/reset/",
    "signup": lambda account: "/signup/",
}


def followed(path: str):
    return Client().get(path, follow=True)


def without_secrets(answer) -> str:
    return re.sub(r'value="[^"]{60,}"', "", answer.content.decode())


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("kind", LINKS)
def test_it_works_all_the_same(dana, kind, behind):
    whole = LINKS[kind](dana)
    page = followed(whole)
    for path in (whole + behind, whole.rstrip("/") + behind):
        answer = followed(path)
        assert answer.status_code == 200, path
        assert without_secrets(answer) == without_secrets(page)
        for path, _ in answer.redirect_chain:
            assert path == whole or path.startswith(whole.rstrip("/"))


def test_the_redirect_is_kept_from_others(dana):
    answer = Client().get(LINKS["reset"](dana) + ")")
    assert answer.status_code == 302
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "strict-origin")


@pytest.mark.parametrize("path", ["/confirm/nonsense/)", "/confirm/" + "x" * 43 + ")", "/after/nonsense/."])
def test_one_that_is_broken_in_itself_leads_on_to_a_new_one(path):
    answer = followed(path)
    assert answer.status_code == 404
    ways = answer.content.decode().split("<main")[1]
    assert "/contact/" in ways or "/resend/" in ways


@pytest.mark.parametrize(
    "path", ["/no/such/page/", "//evil.example/)", "/\\evil.example/)", "/)", "/confirm/", "/admin/x)"]
)
def test_where_nothing_was_meant_there_is_no_page(path):
    answer = Client().get(path)
    assert answer.status_code in (302, 404)
    assert answer.status_code == 404 or answer["Location"].startswith(("/admin/", "/"))
    assert "evil" not in answer.get("Location", "")


def test_only_looking_is_led_on(dana):
    assert Client().post(LINKS["reset"](dana) + ")", {"password": "a quite different phrase"}).status_code == 404


def test_every_page_with_a_token_is_in_the_table():
    rooms = [getattr(room, "url_patterns", []) for room in get_resolver().url_patterns]
    routes = {str(page.pattern) for room in rooms for page in room}
    assert {route for route in routes if re.search(r"<[^>]*token>", route)} == {
        "confirm/<token>/",
        "password/choose/<token>/",
        "after/<str:token>/",
        "after/<str:token>/delete/",
    }
