"""A thousand hostile strings through every form: no fault, nothing half done, nothing taken for markup or headers."""

from datetime import timedelta
from email import message_from_bytes, policy
from itertools import count
from urllib.parse import quote

import pytest
from django.core.validators import validate_email
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, normal_email
from provisioning.emails.compose import compose
from provisioning.intake.pickup import pick_up
from provisioning.models import Step
from support.models import Message
from tests.hostile.reading import foreign_parts
from tests.hostile.strings import KINDS, strings

GOOD = {"name": "Dana", "email": "dana@acme.example", "phone": "+49 30 901820", "company": "Acme"}
PASSWORD = "correct horse battery staple"
ANSWERS = {200, 302, 400}
LETTER_HEADERS = {
    "Content-Type", "MIME-Version", "Subject", "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted",
}  # fmt: skip
number = count()


@pytest.fixture(autouse=True)
def calm(db, settings):
    """Neither limits nor argon2 are what is tried here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLES = False


def test_there_are_a_thousand():
    assert sum(len(list(strings(kind))) for kind in KINDS) >= 1000


def read(answer) -> str:
    page = answer.content.decode()
    assert answer.status_code in ANSWERS, answer.status_code
    assert foreign_parts(page) == []
    return page


def counted() -> tuple[int, int, int]:
    return Account.objects.count(), Message.objects.count(), Step.objects.count()


@pytest.mark.parametrize("kind", KINDS)
def test_signing_up(kind, client):
    for string in strings(kind):
        sign_up(client, ("name", "company"), string)
    for string in KINDS[kind]:
        for fields in (("name", "company"), ("email",), ("phone", "password")):
            account = sign_up(client, fields, string)
            if account:
                shown_again(client, account)


def sign_up(client: Client, fields: tuple[str, ...], string: str) -> Account | None:
    client.cookies.clear()
    before = counted()
    typed = GOOD | {"email": f"dana{next(number)}@acme.example", "password": PASSWORD} | dict.fromkeys(fields, string)
    known = set(Account.objects.values_list("email", flat=True))
    answer = client.post("/signup/", typed)
    read(answer)
    if answer.status_code != 302:
        assert counted() == before
        return None
    read(client.get(reverse("arriving")))
    email = normal_email(typed["email"])  # mailto:a@b.example is a@b.example
    assert Account.objects.count() == before[0] + (email not in known)
    return Account.objects.get(email=email)


def shown_again(client: Client, account: Account) -> None:
    pick_up([account.pk])
    step = Step.objects.get(account=account, kind="welcome_email")
    check_letter(compose("welcome", step).message().as_bytes(), account)
    Step.objects.filter(account=account).update(state="done")
    client.force_login(account)
    assert account.company in html_text(read(client.get(reverse("home"))))


def html_text(page: str) -> str:
    for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        page = page.replace(escaped, sign)
    return page


def check_letter(letter: bytes, account: Account) -> None:
    read_back = message_from_bytes(letter, policy=policy.default)
    assert set(read_back.keys()) == LETTER_HEADERS and len(read_back.keys()) == len(LETTER_HEADERS)
    assert len(read_back["To"].addresses) == 1
    assert read_back["Bcc"] is None
    html = read_back.get_body(("html",))
    assert html is not None and foreign_parts(html.get_content()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_logging_in_and_writing(kind, client):
    for string in strings(kind):
        for email in (string, GOOD["email"]):
            answer = client.post("/login/", {"email": email, "password": string, "next": string})
            assert answer.status_code != 302
            read(answer)
        before = counted()
        answer = client.post("/contact/", {"email": string, "message": string})
        read(answer)
        assert answer.status_code == 302 or counted() == before
        read(client.post("/contact/", {"email": GOOD["email"], "message": string}))
    assert Account.objects.count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_letters(kind, client):
    before = counted()
    for string in strings(kind):
        for path in ("/password/reset/", "/resend/"):
            read(client.post(path, {"email": string}))
    assert counted() == before


def a_month_ahead() -> str:
    return f"{timezone.now() + timedelta(days=30):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("kind", KINDS)
def test_changing_what_waits(kind, client):
    """Whatever is typed into the waiting room, the account keeps an address, a deadline and its life."""
    dana = sign_up(client, (), "")
    assert dana
    for string in KINDS[kind]:
        read(client.post("/arriving/address/", {"email": string, "password": PASSWORD}))
        read(client.post("/arriving/needed/", {"needed_by": string, "needed_because": string}))
        read(client.post("/arriving/needed/", {"needed_by": a_month_ahead(), "needed_because": string}))
        read(client.post("/arriving/delete/", {"password": string}))
    dana.refresh_from_db()
    validate_email(dana.email)
    assert dana.needed_by is None or dana.needed_by > timezone.now()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "huge"])
def test_addresses_and_cookies(kind, client):
    before = counted()
    for string in KINDS[kind]:
        for path in ("/login/", "/contact/", "/arriving/", "/signup/"):
            read(client.get(path, {"email": string, "next": string, "part": string, string: string}))
        part = quote(string, safe="")
        links = [f"/confirm/{part}/", f"/password/choose/{part}/", f"/after/{part}/", f"/after/{part}/delete/"]
        for answer in (*map(client.get, [*links, f"/{part}"]), *(client.post(link, {"x": string}) for link in links)):
            assert answer.status_code in ((301, 302, 400, 404, 405) if string else (200, 404)), (
                string,
                answer.status_code,
            )
            assert foreign_parts(answer.content.decode()) == []
        bearing(client, string)
    assert counted() == before


def bearing(client: Client, string: str) -> None:
    """Cookies travel quoted, with the octal escapes that Python's own parser undoes."""
    octal = "".join(f"\\{byte:03o}" for byte in string.encode("utf-8", "surrogatepass"))
    for name in ("session", "csrf", "claim", "messages"):
        for path in ("/arriving/", "/home/"):
            read(client.get(path, headers={"cookie": f'{name}="{octal}{octal}"'}))
