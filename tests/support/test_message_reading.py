"""What is read in a message: a table of English and German, and what must not be read into it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.diagnosis.languages import UNKNOWN, language_of
from support.diagnosis.message_reading import Reading, Said, Topic, read
from support.diagnosis.stated_times import stated_deadline

LISBON, BERLIN = ZoneInfo("Europe/Lisbon"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=BERLIN)  # a Wednesday


def moment(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


TODAY, TOMORROW, FRIDAY = 25, 26, 27
STATED = {
    "I need this at 15:00": moment(TODAY, 15),
    "I need this at 15:00.": moment(TODAY, 15),
    "Please, by 3pm tomorrow!": moment(TOMORROW, 15),
    "by 3 p.m. tomorrow": moment(TOMORROW, 15),
    "It has to work before 3:30 pm": moment(TODAY, 15, 30),
    "I need it by noon": moment(TODAY, 12),
    "My demo is tomorrow. It starts at 9:30.": moment(TOMORROW, 9, 30),
    "we go live on Friday": moment(FRIDAY, 17),
    "I need it by Friday": moment(FRIDAY, 17),
    "I need it by Friday, 15:00": moment(FRIDAY, 15),
    "by Friday at noon": moment(FRIDAY, 12),
    "I must have it by next Monday": moment(30, 17),
    "the day after tomorrow at 8 I have a pitch": moment(FRIDAY, 8),
    "I have a call at 4": moment(TODAY, 16),
    "my presentation is on 3 December at 14:00": moment(3, 14, month=12),
    "We launch on December 3rd": moment(3, 17, month=12),
    "We need it on 2026-12-01": moment(1, 17, month=12),
    "In two hours I have a presentation": NOW + timedelta(hours=2),
    "I need it in 45 minutes": NOW + timedelta(minutes=45),
    "I've got a meeting at half past two this afternoon": moment(TODAY, 14, 30),
    "I need access by the 30th": moment(30, 17),
    "Wir brauchen es bis zum 30.": moment(30, 17),
    "Morgen um neun stelle ich es vor": moment(TOMORROW, 9),
    "In einer halben Stunde habe ich eine Präsentation": NOW + timedelta(minutes=30),
    "I'm presenting in an hour!": NOW + timedelta(hours=1),
    "Can you have it ready for Monday morning?": moment(30, 9),
    "I need it by end of day": moment(TODAY, 17),
    "I need it tomorrow morning": moment(TOMORROW, 9),
    "I signed up at 9:14 and I need it by 15:00": moment(TODAY, 15),
    "It failed yesterday at 16:00, and my demo is today at 17:00": moment(TODAY, 17),
    "I need it by 15:00. I signed up yesterday": moment(TODAY, 15),
    "I need it by 15:00 UTC": moment(TODAY, 16),
    "by 3pm London time please": moment(TODAY, 16),
    "Ich brauche das heute um 15 Uhr": moment(TODAY, 15),
    "heute um 15:30 Uhr habe ich eine Präsentation": moment(TODAY, 15, 30),
    "Morgen um 9 ist die Schulung": moment(TOMORROW, 9),
    "morgen um 9": moment(TOMORROW, 9),
    "Ich brauche es bis Freitag": moment(FRIDAY, 17),
    "bis Freitag": moment(FRIDAY, 17),
    "bis spätestens morgen Mittag": moment(TOMORROW, 12),
    "Übermorgen um halb vier ist der Termin": moment(FRIDAY, 15, 30),
    "am 3. Dezember um 14 Uhr": moment(3, 14, month=12),
    "Die Frist ist am 3.12.": moment(3, 17, month=12),
    "bis 3.12.2026, 9 Uhr": moment(3, 9, month=12),
    "Ich muss morgen früh hinein": moment(TOMORROW, 9),
    "in zwei Stunden beginnt meine Vorführung": NOW + timedelta(hours=2),
    "Freitagnachmittag muss es laufen": moment(FRIDAY, 15),
    "Guten Morgen, ich brauche es um 15 Uhr": moment(TODAY, 15),
    "Ich warte seit gestern und brauche es bis 14 Uhr": moment(TODAY, 14),
}
NOT_STATED = [
    "",
    "Where is my account?",
    "I signed up at 9:14 this morning",
    "I have been waiting since 9:00",
    "It failed yesterday at 15:00",
    "You said I would hear by 16:00",
    "Your page says next try at 10:30",
    "You can call me at 16:00",
    "I am out of office until Friday",
    "Our office hours are 9:00-17:00",
    "Have a nice Friday",
    "See you tomorrow",
    "I tried it on Monday",
    "I have 15 users and 3 teams",
    "It stopped at 97 %",
    "Version 2.10 does not work",
    "Thank you for the answer today",
    "I needed it at 9:30 today",
    "Guten Morgen, wo ist mein Konto?",
    "Bis morgen!",
    "Guten Abend, ich brauche Hilfe",
    "Ich warte seit 9 Uhr",
    "gestern um 15 Uhr ging es nicht",
    "Ich habe mich um 9:14 Uhr registriert",
    "Ich bin bis Freitag im Urlaub",
    "Sie können mich um 16 Uhr anrufen",
    "vor 3 Stunden kam ein Fehler",
    "Montags bin ich nie da",
    "Bitte verlängern Sie um drei Tage",
    "Das ist am 3. Mal so",
]


@pytest.mark.parametrize("text", STATED)
def test_a_time_or_day_in_words(text):
    assert stated_deadline(text, NOW, BERLIN) == STATED[text]


@pytest.mark.parametrize("text", NOT_STATED)
def test_what_is_no_deadline(text):
    assert stated_deadline(text, NOW, BERLIN) is None


@pytest.mark.parametrize("year", [1, 9999])
def test_a_wrong_clock_names_no_day(year):
    ends = datetime(year, 12, 31, 23, 59, tzinfo=BERLIN) if year > 1 else datetime(1, 1, 1, tzinfo=BERLIN)
    assert stated_deadline("I need it tomorrow at 15:00", ends, LISBON) is None


def test_a_time_is_meant_in_the_zone_of_who_writes():
    assert stated_deadline("I need this at 15:00", NOW, LISBON) == moment(TODAY, 16)
    assert stated_deadline("I need this at 9:30", NOW, LISBON) == moment(TODAY, 10, 30)


TOPICS = {
    "Please delete my account and all my data.": {Topic.DELETE},
    "I want you to erase everything you have on me": {Topic.DELETE},
    "Under the GDPR I ask for deletion of my data": {Topic.DELETE},
    "Bitte löschen Sie alle meine Daten.": {Topic.DELETE},
    "Ich möchte mein Konto löschen": {Topic.DELETE},
    "Ich brauche es nicht mehr, löschen Sie bitte mein Konto": {Topic.DELETE},
    "I want my data removed.": {Topic.DELETE},
    "Ich will, dass meine Daten gelöscht werden.": {Topic.DELETE},
    "My account was deleted, why?": set(),
    "Please don't delete my account": set(),
    "Bitte löschen Sie mein Konto nicht": set(),
    "Wurde mein Konto gelöscht?": set(),
    "Wo finde ich meine Rechnung?": {Topic.INVOICE},
    "I was charged twice, can I have a refund?": {Topic.INVOICE},
    "I forgot my password": {Topic.PASSWORD},
    "Mein Passwort funktioniert nicht": {Topic.PASSWORD},
    "I forgot my pasword": {Topic.PASSWORD},
    "How can I reset my login?": {Topic.PASSWORD},
    "I can’t log in": {Topic.LOGIN},
    "Ich kann mich nicht anmelden": {Topic.LOGIN},
    "I mistyped my email, sorry": {Topic.ADDRESS},
    "Ich habe mich bei der Adresse vertippt": {Topic.ADDRESS},
    "Please change my email": {Topic.ADDRESS},
    "My actual address is dana@acme.example": {Topic.ADDRESS},
    "I think I typed my address wrong": {Topic.ADDRESS},
    "I made a mistake in my email": {Topic.ADDRESS},
    "Die alte Adresse gibt es nicht mehr": {Topic.ADDRESS},
    "My colleague can't find the page": {Topic.COLLEAGUE},
    "I am Dana's assistant and handle her mail": {Topic.COLLEAGUE},
    "Ich bin eine Kollegin von Dana": {Topic.COLLEAGUE},
    "Ich schreibe für meine Kollegin": {Topic.COLLEAGUE},
    "Thank you, it works now!": {Topic.THANKS},
    "Vielen Dank, alles klappt": {Topic.THANKS},
    "Thanks, but it still doesn't work": set(),
    "Thank you in advance": set(),
    "Where is my account? Thanks": set(),
    "This is ridiculous, still nothing!!": {Topic.ANGRY},
    "Das ist eine Frechheit": {Topic.ANGRY},
    "I am out of office until Monday.": {Topic.AUTOMATIC},
    "I will be out of the office until 30 November.": {Topic.AUTOMATIC},
    "Automatische Antwort: Ich bin nicht im Büro": {Topic.AUTOMATIC},
    "Ich bin bis Freitag im Urlaub.": {Topic.AUTOMATIC},
    "My boss is out of the office, and I need his invoice": {Topic.COLLEAGUE, Topic.INVOICE},
    "I'm away from Friday on, can you still help me today?": set(),
    "": {Topic.EMPTY},
    "  \n\n ": {Topic.EMPTY},
    ".": {Topic.EMPTY},
    "?": set(),
    "\n\nSent from my iPhone": {Topic.EMPTY},
    "Von meinem iPhone gesendet": {Topic.EMPTY},
    "Where is my account?": set(),
}


def reading(*texts: str, known=("dana@acme.example",)) -> Reading:
    return read([Said(text, NOW) for text in texts], BERLIN, known)


@pytest.mark.parametrize("text", TOPICS)
def test_what_they_ask_for(text):
    assert reading(text).topics == TOPICS[text]


LANGUAGES = {
    "Where is my account? I have been waiting since this morning.": "en",
    "Wo ist mein Konto? Ich warte seit heute früh.": "de",
    "Danke!": "de",
    "Thanks!": "en",
    "Dzień dobry, nie mogę się zalogować. Gdzie jest moje konto?": "pl",
    "Bonjour, je ne peux pas me connecter à mon compte.": "fr",
    "Hola, no puedo entrar en mi cuenta.": "es",
    "Не могу войти в свой аккаунт": UNKNOWN,
    "アカウントはどこですか": UNKNOWN,
    "Witam, proszę o usunięcie moich danych.": "pl",
    "heute um 15 Uhr": "de",
    "I registered as d.sommer@gmail.com": "en",
    "OK": "",
    "Bonjour": "",
    "No access": "",
    "": "",
    "dana@acme.example": "",
}


@pytest.mark.parametrize("text", LANGUAGES)
def test_the_language(text):
    assert language_of(text) == LANGUAGES[text]


def test_an_address_that_is_not_theirs():
    assert reading("I am dana@acme.example, or was it Dana@acne.example.").addresses == ("dana@acne.example",)
    assert reading("no address, a@b, nor @here").addresses == ()
    assert len(reading(" ".join(f"a{n}@b.example" for n in range(9))).addresses) == 3


def test_all_that_they_wrote_is_read_and_not_the_newest_only():
    found = reading("I need this at 15:00", "hello?", "This is the second time I write")
    assert (found.deadline, found.times_written) == (moment(TODAY, 15), 3)
    assert reading("I am writing for the third time now").times_written == 3
    assert reading("Ich schreibe Ihnen jetzt zum dritten Mal").times_written == 3
    assert reading("I've written to you three times already").times_written == 3
    assert reading("Ich habe Ihnen schon zweimal geschrieben").times_written == 2
    assert reading("Zum dritten Mal: Wann geht es?").times_written == 3
    assert reading("Zum dritten Mal schlägt die Anmeldung fehl").times_written == 1
    assert reading("This is the second time I sign up").times_written == 1


def test_what_a_machine_wrote_is_no_word_of_theirs():
    found = read([Said("I need this at 15:00", NOW), Said("Delete my account", NOW, automatic=True)], BERLIN)
    assert (found.topics, found.times_written) == (frozenset(), 1)
    assert read([], BERLIN) == Reading()


@given(st.text(max_size=400))
def test_any_text_can_be_read(text):
    found = reading(text)
    assert found.deadline is None or NOW < found.deadline < NOW + timedelta(days=367)


@pytest.mark.parametrize(
    "piece", [" ", "\n", "a", "1", "@", "a@", "a.", "by ", "at 1", "delete my ", "1.1.", "-", "bis "]
)
def test_sixty_thousand_signs_are_read_at_once(piece):
    start = datetime.now()
    reading(piece * (60_000 // len(piece)))
    assert datetime.now() - start < timedelta(seconds=0.5)
