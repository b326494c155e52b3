"""Drafted replies: one a person, harm first, in their language, true; docs/drafts.md shows them."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, Event, Voice
from accounts.status import Status
from provisioning.models import Attempt, Outcome, State, Step
from support.actions import actions
from support.actions.views import open_ticket_of
from support.desk.reply_context import case_of, messages_of, what_was_read
from support.desk.reply_drafts import STANDING, draft
from support.diagnosis.facts import facts_of
from support.diagnosis.findings import TABLE, diagnose
from support.diagnosis.message_reading import Topic
from support.models import Letter, Message, Ticket, TrustRepair, the_desk
from support.tickets import queue
from support.tickets.draft_sentences import DOINGS, SENTENCES, SMALL_AFTER_COMMA, THINGS, TIMES
from support.trust import apologies
from support.trust.apology_draft import wording_warnings
from support.trust.settled_by_reply import unsettle
from tests.people import Person
from tests.support.drafted import NOON, TWELVE, TWO_MORE, Example, dana, down, is_up_to_date, minutes, we, works
from tests.support.test_diagnosis import CASES
from tests.support.test_today import page as today
from tests.support.test_today import wrote

EXAMPLES = {example.title: example for example in (*TWELVE, *TWO_MORE)}
NEVER = re.compile(
    r"(?i)nothing (on our side )?is (stuck|wrong)|nothing on our side|nichts (hängt|ist falsch)|alles in ordnung"
    r"|inconvenience|unannehmlich|unfortunately|leider|\bsoon\b(?! as)|\boops\b|never again|\{|\}|None|\bletter\b"
)


def drafted(title: str) -> str:
    return draft(EXAMPLES[title].case())


def test_the_page_of_drafts_is_up_to_date():
    assert is_up_to_date()


def test_there_are_the_twelve():
    assert len(TWELVE) == 12


@pytest.mark.parametrize("title", EXAMPLES)
def test_each_begins_by_name_ends_with_one_and_is_short(title):
    words = drafted(title)
    if title == "An automatic reply":
        assert words == ""
        return
    assert words.startswith(("Hello", "Hallo Dana,", "Guten Tag,")) and words.endswith(
        ("Jordan, support", "Jordan, Support")
    )
    assert not NEVER.search(words)
    assert len(words.split()) <= 140
    assert not [thought for thought in wording_warnings(words.replace("as soon as", "")) if "long" not in thought]


def test_a_language_of_another_script_is_answered_honestly():
    words = draft(Example("", "", ("Не могу войти в свой аккаунт",), works()).case())
    assert words.startswith("Hello Dana,\n\nOur support answers in English or German, so this is in English.")


def test_the_one_who_waits_and_wrote_three_times_reads_that_first():
    first = drafted("Angry, for the third time").split("\n\n")[1]
    assert first.startswith("You signed up at 09:14 today (Lisbon time) and have been waiting ever since.")
    assert "had to write to us three times" in first and first.endswith("That's our fault, not yours.")


def test_then_what_happens_next_and_when():
    words = drafted("Angry, for the third time")
    assert "We'll try again at 12:12 today. You'll get an email from us as soon as it works." in words


def test_a_deadline_is_named_as_it_was_read():
    words = drafted("A deadline in words")
    assert (
        "I've seen that you need it by 15:00 today." in words and "let you in before everything is finished" in words
    )
    assert "Needed by: 15:00 today (Lisbon time)" in what_was_read(EXAMPLES["A deadline in words"].case())


def test_a_deadline_that_is_over_is_harm():
    case = replace(EXAMPLES["A deadline in words"], messages=("I need to get in by 12:05",)).case()
    assert "You needed it by 12:05 today and missed that because of us." in draft(case)


def test_whoever_is_in_time_is_told_so():
    example = Example("", "", ("I need it by 15:00",), works())
    assert "You're in time for 15:00 today (Lisbon time)." in draft(example.case())


def test_the_near_miss_is_named():
    assert "there is one with dana@acme.exampel" in drafted("A typo in the address")


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("Where is my account?", "There's no account with dana@acme.example here. If you signed up with another"),
        ("I'm writing on behalf of my colleague Dana", "please ask them to write to us from the address"),
        ("Thank you!", "just reply to this email"),
        ("Wo finde ich die Rechnung?", "gebe ich Ihre Frage an die zuständige Stelle weiter"),
        ("Delete my data please", "apart from your message there is nothing to delete"),
        ("I signed up with x@acme.example", "I've looked for x@acme.example as well as dana@acme.example"),
        ("", "Your message reached us without any text."),
    ],
)
def test_somebody_without_an_account_is_answered(text, has):
    words = draft(Example("", "", (text,)).case())
    assert has in words and not NEVER.search(words)


def test_a_colleague_is_told_nothing_of_the_account():
    words = drafted("A colleague")
    assert words.startswith("Hello,\n\nThank you for writing on behalf of Dana.")
    assert "workspace" not in words and "09:14" not in words and "fault" not in words


def test_delete_asks_for_proof_and_sells_nothing():
    words = drafted("Delete my data")
    assert words.index("46 hours") < words.index("Delete everything") < words.index("ring you")
    assert "Everything has been working" not in words and "tell me what it cost" not in words


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_apology_that_is_owed_is_in_it_once(language):
    example = replace(TWO_MORE[0], messages=("OK?",), account=replace_language(TWO_MORE[0], language))
    words = draft(example.case())
    assert (words.count("sorry"), words.count("tut mir leid")) == ((1, 0) if language == "en" else (0, 1))


def replace_language(example, language):
    account = example.account
    return works(account.created_at, account.status_at, language=language, needed_by=account.needed_by)


def test_no_apology_before_it_works_and_none_that_was_made():
    assert "sorry" not in drafted("Angry, for the third time")
    assert "sorry" not in drafted("Thank you") and "fault" not in drafted("Thank you")


def test_a_mistyped_address_is_not_our_fault():
    account = dana("dana@acme.exampel", status=Status.FAILED)
    words = draft(Example("", "", ("Where is it?",), account, {"steps": CASES["bounced"]["steps"]}).case())
    assert "fault" not in words and "Could you check the address for typos?" in words


def test_somebody_whose_account_works_is_answered_with_what_is_true():
    words = drafted("Nothing that a rule knows")
    assert "You last logged in at 12:10 yesterday (Lisbon time). Your account is working: " in words


@pytest.mark.parametrize("code", [row.code for row in TABLE])
@pytest.mark.parametrize("language", ["en", "de"])
def test_there_are_words_for_every_finding(code, language):
    case = CASES[code]
    account = case.get("account") or dana(status_at=NOON, mailbox_proven_at=NOON)
    account.language, account.created_at = language, NOON - minutes(60)
    facts = {name: value for name, value in case.items() if name != "account"}
    words = draft(Example("", "", ("OK?",), account, facts).case())
    assert len(words.split()) > 12 and not NEVER.search(words)
    assert code in STANDING


def test_both_languages_say_the_same():
    english, german = SENTENCES["en"], SENTENCES["de"]
    assert english.keys() == german.keys()
    facts = re.compile(r"\{\w+\}")
    for key in english:
        if key != "in_english":
            assert sorted(facts.findall(english[key])) == sorted(facts.findall(german[key])), key
    for words in (THINGS, DOINGS, TIMES):
        assert words["en"].keys() == words["de"].keys()


def test_a_german_sentence_goes_on_small_after_the_greeting_where_it_may():
    openers = {words.split(" ", 1)[0].rstrip(",") for words in SENTENCES["de"].values()}
    nouns_and_you = {"Hallo", "Guten", "Sie", "Ihr", "Ihre", "{author}"}
    assert openers - nouns_and_you <= set(SMALL_AFTER_COMMA["de"])


harmed = st.fixed_dictionaries(
    {
        "waited": st.integers(0, 60 * 50),
        "messages": st.lists(
            st.sampled_from(
                ["Where is it?", "Thanks!", "Danke!", "", "Please delete my data", "Rechnung?", "I need it by 15:00",
                 "My password is wrong", "I needed it at 11:00", "My colleague waits, too"]
            ),
            min_size=1,
            max_size=4,
        ),
        "language": st.sampled_from(["en", "de", "pl"]),
        "works": st.booleans(),
        "repair": st.sampled_from([None, "owed", "sent"]),
        "deadline": st.none() | st.integers(-3000, 3000),
        "promised": st.none() | st.integers(-300, 300),
        "failed": st.booleans(),
    }
)  # fmt: skip


@given(harmed)
def test_whatever_they_met_the_draft_is_fit_to_be_sent(met):
    came = NOON - minutes(met["waited"])
    needed = NOON + minutes(met["deadline"]) if met["deadline"] is not None else None
    fields = {"language": met["language"], "needed_by": needed}
    account = works(came, NOON, **fields) if met["works"] else dana(created_at=came, mailbox_proven_at=came, **fields)
    state = {"owed": TrustRepair.State.OWED, "sent": TrustRepair.State.SENT}.get(met["repair"])
    facts = down() if not met["works"] else {"events": [we("workspace.failed", came)] if met["failed"] else []}
    example = Example(
        "",
        "",
        tuple(met["messages"]),
        account,
        facts,
        TrustRepair(level=TrustRepair.Level.PERSONAL, state=state) if state else None,
        promised_for=NOON + minutes(met["promised"]) if met["promised"] is not None else None,
    )
    case = example.case()
    words = draft(case)
    assert not NEVER.search(words), words
    assert words.lower().count("sorry") + words.count("tut mir leid") <= 1
    if case.harm and case.harm.apology:
        assert "sorry" in words or "tut mir leid" in words
    if case.reading.times_written > 1:
        assert "had to write" in words or "mussten uns" in words
    if not met["works"] and met["waited"] >= 10:
        assert "have been waiting" in words or "warten seitdem" in words
    if state == TrustRepair.State.SENT and met["works"]:
        assert "it took us" not in words and "gebraucht" not in words


# With the database: what is gathered, shown and settled.


def works_after(hours: float, **fields) -> Account:
    """Somebody whose workspace failed and works since a moment."""
    now = timezone.now()
    person = Person.create(
        name="Dana Sommer",
        status=Status.ACTIVE,
        status_at=now,
        created_at=now - timedelta(hours=hours),
        asked_at=None,
        **fields,
    )
    step = Step.objects.create(
        account=person, kind="workspace", dependency="workspace", state=State.DONE, done_at=now
    )
    Attempt.objects.create(step=step, epoch=1, outcome=Outcome.FAILED, error="503", seconds=1, ended_at=now)
    Event.objects.create(account=person, voice=Voice.WE, kind="workspace.failed", at=now - timedelta(hours=hours))
    return person


def send(ticket, jordan, body="Hello Dana"):
    actions.reply(ticket, jordan, body, "", uuid4(), then_close=True)


def the_case(person, jordan):
    known, ticket = facts_of(Account.objects.get(pk=person.pk)), open_ticket_of(person)
    return case_of(known, diagnose(known), ticket, messages_of(ticket), the_desk(), jordan.name)


def the_draft(person, jordan):
    return draft(the_case(person, jordan))


def owed_a_word(person) -> TrustRepair:
    repair = apologies.open_repair(person, timezone.now())
    assert repair and (repair.state, repair.level) == (TrustRepair.State.OWED, TrustRepair.Level.PERSONAL)
    return repair


@pytest.mark.django_db
def test_an_apology_is_paid_by_the_reply(jordan):
    person = works_after(46)
    repair = owed_a_word(person)
    ticket = wrote(person, body="What happened?")
    words = the_draft(person, jordan)
    assert "and I'm sorry." in words and "46 hours" in words
    send(ticket, jordan, words)
    repair.refresh_from_db()
    assert (repair.state, repair.words, repair.actor) == (TrustRepair.State.SENT, words, jordan)
    assert repair.follow_up_on and list(apologies.words_owed()) == []
    assert not apologies.send_word(repair, jordan, "A second one", "", timezone.now())
    assert Event.objects.filter(account=person, kind="word_sent", detail="in a reply").count() == 1


@pytest.mark.django_db
def test_one_that_nobody_has_found_yet_is_paid_too(jordan):
    """It works for seconds only, she is answered, and is not to be told seconds later that it was our fault."""
    person = works_after(46)
    ticket = wrote(person, body="What happened?")
    words = the_draft(person, jordan)
    assert "and I'm sorry." in words
    send(ticket, jordan, words)
    apologies.assess(timezone.now())
    assert TrustRepair.objects.get(account=person).state == TrustRepair.State.SENT


@pytest.mark.django_db
def test_one_draft_a_person(desk, jordan):
    """The page of the apologies leads to the reply of whoever waits for one; else its own draft stands there."""
    person = works_after(46)
    repair = owed_a_word(person)
    assert f'action="/admin/words/{repair.pk}/"' in desk.get("/admin/words/").content.decode()
    ticket = wrote(person, body="What happened?")
    html = desk.get("/admin/words/").content.decode()
    assert f"/admin/words/{repair.pk}/" not in html and f'href="/admin/?ticket={ticket.pk}"' in html
    Message.objects.filter(ticket=ticket).update(email="bo@acme.example")  # who is told nothing of it
    assert f'action="/admin/words/{repair.pk}/"' in desk.get("/admin/words/").content.decode()
    Message.objects.filter(ticket=ticket).update(email=person.email)
    actions.put_aside(ticket, jordan, "later", "answer", timezone.now() + timedelta(days=1))
    assert f'action="/admin/words/{repair.pk}/"' in desk.get("/admin/words/").content.decode()


@pytest.mark.django_db
def test_a_word_that_was_sent_is_not_drafted_again(jordan):
    person = works_after(46)
    repair = owed_a_word(person)
    apologies.send_word(repair, jordan, "It was our fault.", "", timezone.now())
    wrote(person, body="OK?")
    assert "sorry" not in the_draft(person, jordan)


@pytest.mark.django_db
def test_a_reply_that_is_taken_back_leaves_the_apology_owed(jordan, monkeypatch):
    monkeypatch.setattr(actions, "UNDO_FOR", timedelta(seconds=10))
    person = works_after(46)
    repair = owed_a_word(person)
    drafted_before = repair.draft
    key = uuid4()
    actions.reply(wrote(person), jordan, "It was our fault.", "", key, then_close=True)
    assert not unsettle(person, "Something else") and list(apologies.words_owed()) == []
    actions.undo_reply(key, jordan)
    repair.refresh_from_db()
    assert (repair.state, repair.words, repair.sent_at) == (TrustRepair.State.OWED, drafted_before, None)
    assert list(apologies.words_owed()) == [repair]


@pytest.mark.django_db
def test_an_answer_to_a_colleague_pays_nothing(jordan):
    person = works_after(46)
    repair = owed_a_word(person)
    ticket = wrote(person, body="How is Dana's account?")
    Message.objects.filter(ticket=ticket).update(email="bo@acme.example")
    words = the_draft(person, jordan)
    assert words.startswith("Hello,\n\nThank you for writing on behalf of Dana.")
    send(ticket, jordan, words)
    repair.refresh_from_db()
    assert Letter.objects.get(automatic=False).to == "bo@acme.example" and repair.state == TrustRepair.State.OWED


@pytest.mark.django_db
def test_an_address_that_was_linked_is_theirs(jordan):
    person = works_after(46)
    repair = owed_a_word(person)
    ticket = wrote(email="dana@home.example", body="What happened?")
    actions.link_account(ticket, jordan, "she named her reference", person.email)
    words = the_draft(person, jordan)
    assert words.startswith("Hello Dana,") and "and I'm sorry." in words
    actions.reply(Ticket.objects.get(pk=ticket.pk), jordan, words, "", uuid4(), then_close=True)
    repair.refresh_from_db()
    assert Letter.objects.get(automatic=False).to == "dana@home.example"
    assert repair.state == TrustRepair.State.SENT


@pytest.mark.django_db
def test_who_else_is_answered_is_said(jordan):
    person = Person.create(name="Dana Sommer", status=Status.ACTIVE, asked_at=None)
    ticket = wrote(person, body="Where is it?")
    assert the_case(person, jordan).also_to == ()
    Message.objects.create(ticket=ticket, account=person, email="bo@acme.example", body="Yes, where is it?")
    case = the_case(person, jordan)
    assert not case.by_another and "The reply goes to bo@acme.example as well" in " ".join(what_was_read(case))


@pytest.mark.django_db
def test_whoever_met_no_harm_is_owed_nothing_by_a_reply(jordan):
    person = Person.create(status=Status.ACTIVE, asked_at=None)
    send(wrote(person), jordan)
    assert not TrustRepair.objects.exists()


@pytest.mark.django_db
def test_a_reply_is_refused_if_the_word_was_sent_meanwhile(desk, jordan):
    person = works_after(46)
    repair = owed_a_word(person)
    wrote(person)
    form = dict(re.findall(r'name="(seen|draft)" value="([^"]*)"', today(desk).split("reply/")[1]))
    apologies.send_word(repair, jordan, "It was our fault.", "", timezone.now())
    answer = desk.post("/admin/acts/reply/", {"body": "Sorry!", "seen": form["seen"]}, follow=True)
    assert (
        "a word was sent to them" in answer.content.decode() and not Letter.objects.filter(automatic=False).exists()
    )


@pytest.mark.django_db
def test_what_was_read_stands_on_the_desk_and_on_the_card(desk):
    person = Person.create(name="Dana Sommer", status=Status.ACTIVE, asked_at=None)
    wrote(person, body="Please delete my account. I am bo@elsewhere.example as well.")
    Message.objects.create(ticket=open_ticket_of(person), account=person, email=person.email, body="hello?")
    for html in (today(desk), desk.get(f"/admin/accounts/account/{person.pk}/change/").content.decode()):
        assert "Asks us to delete their data" in html and "Names another address: bo@elsewhere.example" in html
        assert "Has had to write 2 times." in html
        assert "You can do that yourself" in html


@pytest.mark.django_db
def test_only_what_waits_for_an_answer_is_read(jordan):
    person = Person.create(name="Dana Sommer", status=Status.ACTIVE, asked_at=None)
    ticket = wrote(person, body="Please delete my account")
    actions.reply(ticket, jordan, "Done.", "", uuid4(), then_close=False)
    Message.objects.create(
        ticket=ticket, account=person, email=person.email, body="Where is my invoice?", at=timezone.now() + minutes(1)
    )
    words = the_draft(person, jordan)
    assert "invoice" in words and "Delete everything" not in words


@pytest.mark.django_db
def test_times_are_in_the_zone_of_the_reader(jordan):
    desk = the_desk()
    desk.time_zone = "Europe/Lisbon"
    desk.save()
    person = Person.create(name="Dana Sommer", status=Status.CREATED, zone="Asia/Tokyo", asked_at=None)
    wrote(person, body="I need it tomorrow at 15:00")
    case = the_case(person, jordan)
    deadline = case.reading.deadline
    assert deadline and str(deadline.tzinfo) == "Asia/Tokyo" and deadline.hour == 15
    assert "(Tokyo time)" in draft(case)


@pytest.mark.django_db
def test_a_machine_is_not_answered(jordan):
    person = Person.create(status=Status.ACTIVE, asked_at=None)
    ticket = queue.open_ticket(person, person.email, "wrote")
    Message.objects.create(ticket=ticket, account=person, email=person.email, body="Out of office", automatic=True)
    case = the_case(person, jordan)
    assert draft(case) == "" and case.asks(Topic.AUTOMATIC)
    assert "Written by a machine" in " ".join(what_was_read(case))
