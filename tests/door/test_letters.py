"""Every letter of the front door: two forms that say the same, a human to reply to, and no word too many."""

import re
import unicodedata
from html import unescape

import pytest
from django.conf import settings
from django.utils.html import escape, strip_tags

from provisioning.emails.compose import LINKS, compose
from provisioning.models import Step
from tests.people import Person

pytestmark = pytest.mark.django_db
WAITED = {
    "moments": {"came": "2026-03-02T09:14:00+00:00"},
    "spans": {"waited": 148 * 60},
    "doors": 3,
    "saw_late": True,
    "saw_failed": False,
}
LETTERS = [*LINKS, "known", "password_changed", "ready"]
NEVER = re.compile(r"\b(oops|inconvenience|invalid|successfully|soon(?! as)|unfortunately|I)\b|!", re.IGNORECASE)


@pytest.fixture(params=LETTERS)
def letter(request):
    step = Step.objects.create(account=Person.create(), kind=request.param, dependency="mail", facts=WAITED)
    step.refresh_from_db()
    return compose(request.param, step).message()


def plain_words(letter, form: str) -> list[str]:
    [part] = [part for part in letter.walk() if part.get_content_type() == f"text/{form}"]
    text = part.get_payload(decode=True).decode()
    return unescape(strip_tags(text.split("<body")[1].split(">", 1)[1] if form == "html" else text)).split()


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


TYPED_BY_STRANGERS = [
    "www.evil.example",
    "https://evil.example/login?<b>",
    "evil。example",
    "evil․example/win",
    "Win5000Euro",
    "call:+4930901820",
    "W" * 31,
    "x@evil.example",
    "a\u200bb",
]


@pytest.mark.parametrize("name", [*LETTERS, "outage_notice", "come_back", "follow_up", "taken", "late", "let_in"])
@pytest.mark.parametrize("typed", TYPED_BY_STRANGERS)
def test_what_a_stranger_typed_is_in_no_letter(name, typed):
    """Whoever signs somebody else up would have us deliver it."""
    account = Person.create(name=f"{typed} {typed}", company=typed)
    step = Step.objects.create(account=account, kind="x", dependency="mail", facts=WAITED | {"what": []})
    step.refresh_from_db()
    letter = compose(name, step)
    assert typed not in str(letter.body) and escape(typed) not in str(letter.alternatives[0][0])
    assert str(letter.body).startswith("Hello,\n")
    links = re.findall(r'href="([^"]*)"', str(letter.alternatives[0][0]))
    assert all(link.startswith(f"{settings.SITE_URL}/") for link in links)


@pytest.mark.parametrize("name", ["Dana", "Jean-Luc Picard", "O’Neill", "दाना", "José", "Jose\u0301", "李"])
def test_people_are_called_by_their_name(name):
    step = Step.objects.create(account=Person.create(name=name), kind="x", dependency="mail")
    step.refresh_from_db()
    first = unicodedata.normalize("NFC", name.split(" ")[0])
    assert str(compose("welcome", step).body).startswith(f"Hello {first},\n")


def test_what_somebody_waited_through():
    step = Step.objects.create(account=Person.create(), kind="letter.ready", dependency="mail", facts=WAITED)
    step.refresh_from_db()
    text = str(compose("ready", step).body)
    assert "it took us 2 hours." in text and "came back 3 times in the meantime" in text
    assert "told you that it was late" in text and "You signed up at 09:14 on Monday" in text
