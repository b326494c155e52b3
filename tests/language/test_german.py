"""German is complete, keeps every fact of a sentence, and nobody who chose it meets English on the way in."""

import re
from gettext import GNUTranslations
from html import unescape

import pytest
from django.db.models.functions import Now
from django.test import Client

from provisioning.models import State, Step
from provisioning.sweep import beat
from tests.browser.site import DANA
from tests.language.catalogue import PROJECT, words
from tests.people import PASSWORD

FOLDER = PROJECT / "locale" / "de" / "LC_MESSAGES"
FACTS = re.compile(r"\{\w*\}|%\(\w+\)\w")
WORDS = words()


@pytest.fixture(scope="module")
def german() -> dict[str, str]:
    """From the compiled file, which holds neither empty nor fuzzy entries: it is what people see."""
    with (FOLDER / "django.mo").open("rb") as file:
        return vars(GNUTranslations(file))["_catalog"]


def test_there_is_something_to_translate():
    assert len(WORDS) > 200
    assert {"We have your sign-up, {name}.", "Show", "This is the workspace of %(company)s."} <= set(WORDS)


def test_nothing_is_untranslated(german):
    assert {text: place for text, place in WORDS.items() if not german.get(text)} == {}


def test_nothing_is_left_over_or_fuzzy(german):
    assert set(german) - set(WORDS) == {""}
    assert "fuzzy" not in (FOLDER / "django.po").read_text()


def test_every_fact_of_a_sentence_is_kept(german):
    changed = [text for text in WORDS if sorted(FACTS.findall(text)) != sorted(FACTS.findall(german[text]))]
    assert changed == []


def test_our_rules_for_words_hold_in_german(german):
    assert [
        text for text in german.values() if re.search(r"(?i)ungültig|erfolgreich|unannehmlichkeit|ups\b", text)
    ] == []


ENGLISH = [text for text in WORDS if " " in text and not FACTS.search(text)]


def read(answer) -> str:
    """The page as text; raises if a whole English text of ours is on it."""
    page = unescape(answer.content.decode())
    assert '<html lang="de">' in page
    assert [text for text in ENGLISH if text in page] == []
    return page


@pytest.fixture
def client(db, settings) -> Client:
    settings.SWEEP_SECONDS = 3600
    beat("sweep")
    return Client(headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})


def test_signing_up_in_german(client):
    assert "Einmal anmelden." in read(client.get("/"))
    refused = read(client.post("/signup/", DANA | {"email": "dana at acme", "password": "1234"}))
    assert "Geben Sie eine E-Mail-Adresse wie name@example.com ein." in refused
    assert "Dieses Passwort ist zu kurz." in refused
    assert client.post("/signup/", DANA | {"password": PASSWORD}).status_code == 302
    assert "Wir haben Ihre Anmeldung, Dana." in read(client.get("/arriving/"))
    Step.objects.update(state=State.DONE, done_at=Now())
    assert client.post("/login/", {"email": DANA["email"], "password": PASSWORD}).status_code == 302
    assert "Das ist der Arbeitsbereich von Acme & Sons." in read(client.get("/home/"))


@pytest.mark.parametrize(
    "path", ["/login/", "/contact/", "/contact/taken/", "/password/reset/", "/resend/", "/confirm/x/", "/no/page/"]
)
def test_other_pages(client, path):
    read(client.get(path))


def test_a_link_changes_the_language_and_is_remembered(client):
    assert "Sign up once." in client.get("/?language=en").content.decode()
    assert "Sign up once." in client.get("/").content.decode()
    assert "Einmal anmelden." in read(client.get("/?language=de"))
    assert "Sign up once." in Client().get("/?language=xx").content.decode()


def test_the_desk_speaks_english(client):
    client.cookies.load({"language": "de"})
    assert "Log in" in client.get("/admin/login/").content.decode()
