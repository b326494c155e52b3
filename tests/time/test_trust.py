"""The word that is owed: to whom, once, and what comes after it."""

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import email_links
from accounts.models import Account
from provisioning.emails import compose as post
from provisioning.emails.compose import AFTER
from provisioning.intake.address_correction import correct_address
from provisioning.models import Step
from support.models import Lost, Ticket, TrustRepair
from support.trust import apologies, follow_up
from tests.people import PASSWORD, Supporter
from tests.time.conftest import at, letters, minutes, outage, signed_up, they, works

CAME = at("2026-11-23 09:14")
READY = at("2026-11-23 11:14")
DAY = minutes(24 * 60)

pytestmark = pytest.mark.usefixtures("desk")


def harmed(**facts) -> Account:
    account = signed_up(CAME, **facts)
    they(account, CAME + minutes(20), "logged_in")
    they(account, CAME + minutes(30), "wrote")
    works(account, READY)
    return account


def repair_of(account: Account) -> TrustRepair:
    return TrustRepair.objects.get(account=account)


def test_exactly_those_who_met_a_dead_end():
    outage("workspace", CAME, READY)
    straight = signed_up(CAME, failing=None)
    works(straight, CAME + minutes(1))
    two_minutes, two_hours, wrote = signed_up(CAME), signed_up(CAME), harmed()
    works(two_minutes, CAME + minutes(2))
    works(two_hours, READY)
    apologies.assess(READY)
    assert not TrustRepair.objects.filter(account=straight).exists()
    assert repair_of(two_minutes).state == "not_needed"
    assert (repair_of(two_hours).level, repair_of(two_hours).state) == ("automatic", "owed")
    assert (repair_of(wrote).level, repair_of(wrote).state) == ("personal", "owed")
    apologies.send_lines(READY)
    assert letters(two_minutes) == [] and letters(two_hours) == ["letter.amends"] and letters(wrote) == []
    assert list(apologies.words_owed()) == [repair_of(wrote)]


def test_a_personal_word_goes_out_when_she_presses_send_and_once():
    account, jordan = harmed(), Supporter.create()
    apologies.assess(READY)
    repair = repair_of(account)
    assert "tried twice to get in. You had to write to us." in repair.words
    assert apologies.send_word(repair, jordan, "My own words. – Jordan", "a month free", READY)
    assert not apologies.send_word(repair, jordan, "Again.", "", READY)
    assert letters(account) == ["letter.word"]
    sent = repair_of(account)
    assert (sent.words, sent.restitution, sent.actor) == ("My own words. – Jordan", "a month free", jordan)
    assert sent.follow_up_on == at("2026-11-26 09:00")


def test_her_letter_does_not_call_itself_automatic():
    account = harmed()
    apologies.assess(READY)
    apologies.send_word(repair_of(account), Supporter.create(), "Hello <Dana>.", "", READY)
    message = post.compose("word", Step.objects.get(kind="letter.word"))
    assert message.extra_headers["Auto-Submitted"] == "no"
    assert message.body.strip() == "Hello <Dana>."
    assert "&lt;Dana&gt;" in str(message.alternatives[0][0])


def test_the_database_refuses_a_second_apology():
    account = harmed()
    apologies.assess(READY)
    assert apologies.open_repair(account, READY) is None
    with pytest.raises(IntegrityError), transaction.atomic():
        TrustRepair.objects.create(
            account=account,
            incident="alone",
            level="automatic",
            state="owed",
            harms={},
            ready_at=READY,
            opened_at=READY,
        )


def sent_to(account: Account, when=READY) -> TrustRepair:
    apologies.assess(when)
    apologies.send_word(repair_of(account), Supporter.create(), "Hello.", "", when)
    return repair_of(account)


def test_one_follow_up_after_three_working_days_then_silence():
    account = harmed()
    sent_to(account)
    they(account, READY + minutes(30), "logged_in")
    for days in range(2):
        follow_up.advance(READY + days * DAY)
    assert letters(account) == ["letter.word"]
    for days in range(3, 30):
        follow_up.advance(READY + days * DAY)
    assert letters(account) == ["letter.word", "letter.follow_up"]
    assert repair_of(account).state == "closed_silent"
    assert not Lost.objects.exists()


def test_who_never_came_back_gets_one_letter_and_is_counted_lost():
    account = harmed()
    sent_to(account)
    for days in range(30):
        follow_up.advance(READY + days * DAY)
    assert letters(account) == ["letter.word", "letter.come_back"]
    assert (repair_of(account).state, Lost.objects.get().how) == ("closed_silent", "silent")
    assert Account.objects.filter(pk=account.pk).exists()


def after_link(repair: TrustRepair) -> str:
    """As it stands in the letter."""
    repair.account.refresh_from_db()
    return f"/after/{email_links.bound(follow_up.occasion_of(repair), repair.account, AFTER)}/"


@pytest.mark.parametrize(("answer", "tickets"), [("yes", 0), ("not_yet", 1)])
def test_one_click_answers_and_looking_does_not(answer, tickets):
    repair = sent_to(harmed())
    link, client = after_link(repair), Client()
    assert client.get(link).status_code == 200
    assert repair_of(repair.account).answer == ""
    client.post(link, {"answer": answer})
    client.post(link, {"answer": "yes"})
    assert (repair_of(repair.account).answer, repair_of(repair.account).state) == (answer, "answered")
    assert Ticket.objects.count() == tickets


def come_back_letter() -> TrustRepair:
    repair = sent_to(harmed())
    follow_up.advance(READY + 2 * DAY)
    return repair_of(repair.account)


def test_delete_everything_deletes_and_nothing_is_written_after_it():
    repair = come_back_letter()
    link, client = after_link(repair) + "delete/", Client()
    client.get(link)
    assert Account.objects.filter(pk=repair.account_id).exists()
    assert "Everything has been deleted" in client.post(link, {"password": PASSWORD}).content.decode()
    assert not Account.objects.filter(pk=repair.account_id).exists()
    assert not Step.objects.exists() and not TrustRepair.objects.exists()
    assert Lost.objects.get().how == "deleted"
    assert client.post(link).status_code == 404


@pytest.mark.parametrize("typed", [{}, {"password": ""}, {"password": "a guess of somebody's"}], ids=str)
def test_the_letter_alone_deletes_nothing(typed):
    """Whoever reads that mailbox, for sixty days, holds no more than a question."""
    repair = come_back_letter()
    page = Client().post(after_link(repair) + "delete/", typed)
    assert (page.status_code, "Everything has been deleted" in page.content.decode()) == (200, False)
    assert Account.objects.filter(pk=repair.account_id).exists()


def test_a_wrong_password_leaves_another_try_and_not_many():
    link = after_link(come_back_letter()) + "delete/"
    tries = [Client().post(link, {"password": f"guess {number}"}).status_code for number in range(12)]
    assert tries == [200] * 10 + [429] * 2


@pytest.mark.parametrize("to", ["", "delete/"])
def test_the_link_ends_with_the_address(to):
    repair = come_back_letter()
    link = after_link(repair) + to
    assert Client().get(link).status_code == 200
    correct_address(repair.account, "moved@acme.example")
    for answer in (Client().get(link), Client().post(link, {"password": PASSWORD, "answer": "yes"})):
        assert (answer.status_code, "This link no longer works" in answer.content.decode()) == (404, True)
    assert Account.objects.filter(pk=repair.account_id).exists() and not repair_of(repair.account).answer
    assert Client().get(after_link(repair) + to).status_code == 200, "a letter to the right address would work"


@pytest.mark.parametrize("name", ["taken", "late", "let_in", "ready", "follow_up", "come_back"])
def test_an_automatic_letter_is_short_never_says_i_and_is_sorry_once_at_most(name):
    facts = dict.fromkeys(
        ["reached", "due", "back", "said", "new", "needed", "pay_by", "came", "waited", "since", "desk"],
        "noon on Tuesday (Lisbon time)",
    )
    step = Step(
        account=signed_up(CAME),
        kind=f"letter.{name}",
        created_at=CAME,
        facts=facts | {"link": "https://a.example/x/", "what": ["workspace"], "sorry": True},
    )
    message = post.compose(name, step)
    words = message.body.split("Arrivals (automatic)")[0]
    assert len(words.split()) <= 90 + 25  # the facts above are longer than real ones
    assert words.lower().count("sorry") <= 1 and words.lower().count("sorry") == (name == "ready")
    assert not {"I", "I'm", "shortly"} & set(words.split())
    assert "noon on Tuesday" in str(message.alternatives[0][0])
    assert outbox.outbox == []
