"""Every letter of the front door: two forms that say the same, a human to reply to, and no word too many."""

import re

import pytest
from django.conf import settings
from django.utils.html import strip_tags

from provisioning.letters import LINKS, compose
from provisioning.models import Step
from tests.people import Person

pytestmark = pytest.mark.django_db
WAITED = {"minutes": 148, "doors": 3, "saw_late": True, "saw_failed": False}
LETTERS = [*LINKS, "known", "password_changed", "ready", "repaired"]
NEVER = re.compile(r"\b(oops|inconvenience|invalid|successfully|soon|unfortunately|I)\b|!", re.IGNORECASE)


@pytest.fixture(params=LETTERS)
def letter(request):
    step = Step.objects.create(account=Person.create(), kind=request.param, dependency="mail", facts=WAITED)
    step.refresh_from_db()
    return compose(request.param, step).message()


def plain_words(letter, form: str) -> list[str]:
    [part] = [part for part in letter.walk() if part.get_content_type() == f"text/{form}"]
    text = part.get_payload(decode=True).decode()
    return strip_tags(text.split("<body")[1].split(">", 1)[1] if form == "html" else text).split()


def test_two_forms_that_say_the_same(letter):
    assert plain_words(letter, "plain") == plain_words(letter, "html")


def test_ninety_words_and_none_that_is_empty(letter):
    words = [word for word in plain_words(letter, "plain") if "://" not in word]
    assert len(words) <= 90
    assert not NEVER.search(" ".join(words))


def test_headers(letter):
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Reply-To"] == settings.SUPPORT_EMAIL
    assert letter["Message-ID"] and not letter["List-Unsubscribe"]
    assert "no-reply" not in letter["From"]


def test_a_name_cannot_write_a_header():
    step = Step.objects.create(
        account=Person.create(name="Dana\r\nBcc: all@acme.example"), kind="x", dependency="mail"
    )
    step.refresh_from_db()
    assert compose("welcome", step).message()["Bcc"] is None


def test_a_name_cannot_write_a_link():
    account = Person.create(name="www.evil.example", company="https://evil.example/login?<b>")
    step = Step.objects.create(account=account, kind="x", dependency="mail")
    step.refresh_from_db()
    page = str(compose("welcome", step).alternatives[0][0])
    assert "https://evil.example/login?&lt;b&gt;" in page and "www.evil.example," in page
    links = re.findall(r'href="([^"]*)"', page)
    assert len(links) == 2 and all(link.startswith(f"{settings.SITE_URL}/") for link in links)


def test_what_somebody_waited_through():
    step = Step.objects.create(account=Person.create(), kind="letter.ready", dependency="mail", facts=WAITED)
    step.refresh_from_db()
    text = str(compose("ready", step).body)
    assert "148 minutes" in text and "3 times meanwhile" in text and "told you that it was late" in text
