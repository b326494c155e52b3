"""German is complete, keeps every fact of a sentence, and nobody who chose it meets English on the way in."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from gettext import GNUTranslations
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone, translation

from provisioning.emails.compose import compose
from provisioning.humanize import fixed, say_when
from provisioning.intake.pickup import pick_up
from provisioning.models import State, Step
from provisioning.sweep import beat
from tests.browser.site import DANA
from tests.language.catalogue import PROJECT, words
from tests.people import PASSWORD, Person

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
    assert {"We have your sign-up, {name}.", "Show", "This is the %(company)s workspace."} <= set(WORDS)


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
def client(db, settings) -> Iterator[Client]:
    settings.SWEEP_SECONDS = 3600
    beat("sweep")
    yield Client(headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})
    translation.deactivate()  # what a request activates stays with the thread until the next


def test_signing_up_in_german(client):
    assert "Einmal registrieren." in read(client.get("/"))
    refused = read(client.post("/signup/", DANA | {"email": "dana at acme", "password": "1234"}))
    assert "Geben Sie eine E-Mail-Adresse wie name@example.com ein." in refused
    assert "Dieses Passwort ist zu kurz." in refused
    assert client.post("/signup/", DANA | {"password": PASSWORD}).status_code == 302
    assert "Ihre Registrierung ist angekommen, Dana." in read(client.get("/arriving/"))
    pick_up()
    Step.objects.update(state=State.DONE, done_at=Now())
    assert client.post("/login/", {"email": DANA["email"], "password": PASSWORD}).status_code == 302
    assert "Das ist der Arbeitsbereich von Acme & Sons." in read(client.get("/home/"))


NOT_TO_SUPPORT = sorted(
    path.name.removesuffix("-words.txt")
    for path in (PROJECT / "templates" / "emails").glob("*-words.txt")
    if path.name != "word-words.txt"
)
EVERY_BRANCH = [
    {"minutes": 1, "doors": 1, "saw_failed": True, "others": 1},
    {"minutes": 90, "doors": 3, "saw_late": True, "others": 7},
]
TIMES = ("came", "since", "until", "reached", "due", "back", "said", "new", "needed", "pay_by", "next_news")


@pytest.mark.django_db
@pytest.mark.parametrize("facts", [*EVERY_BRANCH, {"minutes": 1, "moments": {}, "spans": {}}], ids=["1", "2", "few"])
@pytest.mark.parametrize("name", NOT_TO_SUPPORT)
def test_letters(name, facts):
    now = timezone.now()
    moments = {what: now + timedelta(days=days) for days, what in enumerate(TIMES, start=-5)}
    known = fixed(ZoneInfo("Europe/Lisbon"), waited=timedelta(hours=3), **moments)
    known |= {"what": ["workspace", "crm"], "desk": "Jordan", "link": "http://localhost:8000/after/x/"} | facts
    step = Step.objects.create(
        account=Person.create(language="de"), kind=f"letter.{name}", dependency="mail", facts=known
    )
    step.created_at = now - timedelta(hours=1)
    message = compose(name, step)
    page = str(message.alternatives[0][0])
    greeting = "Guten Tag," if name == "move" else "Guten Tag Dana,"  # whose mailbox that is, is not known yet
    assert '<html lang="de">' in page and message.body.startswith(greeting)
    read_text = f"{message.subject} {message.body} {unescape(page)}"
    assert [text for text in ENGLISH if text in read_text] == []
    assert not re.search(r"\b(the|your|you|is|at|on|by|noon|time|minutes|hours|days)\b", str(message.body))


def test_a_letter_is_in_the_language_of_the_sign_up(client):
    client.post("/signup/", DANA | {"password": PASSWORD})
    Client().post("/signup/", DANA | {"email": "lee@acme.example", "password": PASSWORD})
    pick_up()
    german, english = (Step.objects.get(kind="welcome_email", account__language=each) for each in ("de", "en"))
    assert compose("welcome", german).subject == "Ihr Arrivals-Konto ist da"
    assert compose("welcome", english).subject == "Your Arrivals account is here"


@pytest.mark.django_db
def test_what_the_desk_wrote_by_hand_is_left_alone():
    account = Person.create(language="de")
    step = Step.objects.create(account=account, kind="letter.word", dependency="mail", facts={"words": "Hello Dana."})
    assert compose("word", step).subject == "About your Arrivals sign-up"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0, "heute um 12:00 Uhr (Zeit in Lissabon)"),
        (-24, "gestern um 12:00 Uhr (Zeit in Lissabon)"),
        (29, "morgen um 17:00 Uhr (Zeit in Lissabon)"),
        (48, "am Freitag um 12:00 Uhr (Zeit in Lissabon)"),
        (24 * 10, "am Samstag, 5. Dezember um 12:00 Uhr (Zeit in Lissabon)"),
    ],
)
def test_moments(hours, words):
    zone = ZoneInfo("Europe/Lisbon")
    noon = datetime(2026, 11, 25, 12, tzinfo=zone)
    with translation.override("de"):
        assert say_when(noon + timedelta(hours=hours), noon, zone) == words


@pytest.mark.parametrize(
    "path", ["/login/", "/contact/", "/contact/taken/", "/password/reset/", "/resend/", "/confirm/x/", "/no/page/"]
)
def test_other_pages(client, path):
    read(client.get(path))


def test_a_link_changes_the_language_and_is_remembered(client):
    assert "Sign up once." in client.get("/?language=en").content.decode()
    assert "Sign up once." in client.get("/").content.decode()
    assert "Einmal registrieren." in read(client.get("/?language=de"))
    assert "Sign up once." in Client().get("/?language=xx").content.decode()


def test_the_desk_speaks_english(client):
    client.cookies.load({"language": "de"})
    assert "Log in" in client.get("/admin/login/").content.decode()
