"""What an old mailbox holds ends with the address: every kind of link and letter, by every road to another one."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.email_links import Purpose, bound, hand_out
from accounts.models import AccessRequest, Account, MailboxLink
from accounts.profile.changes import move
from accounts.status import Status
from provisioning.emails.compose import AFTER, BOUND, LINKS
from provisioning.intake.address_correction import correct_address
from provisioning.kinds import KINDS
from provisioning.models import State, Step
from provisioning.sweep import sweep
from support.actions import actions
from support.models import Letter, Message, Ticket, TrustRepair
from support.tickets.intake import settle_messages
from tests.door.visit import WHO
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "dana@old.example", "dana@new.example"


@pytest.fixture
def dana() -> Account:
    return Person.create(email=OLD, status=Status.ACTIVE, asked_at=None)


def owe_word(account: Account) -> TrustRepair:
    now = Now()
    return TrustRepair.objects.create(
        account=account, incident="alone", level="automatic", state="sent", harms={}, ready_at=now, opened_at=now,
        sent_at=now, followed_up_at=now, followed_up_with="come_back",
    )  # fmt: skip


def in_letter(purpose: Purpose, page: str) -> Callable[[Account], str]:
    return lambda account: page.format(hand_out(account, purpose, uuid4()))


def after(page: str) -> Callable[[Account], str]:
    return lambda account: page.format(bound(f"repair {owe_word(account).pk}", account, AFTER))


KINDS_OF_LINK = {
    Purpose.CONFIRM: in_letter(Purpose.CONFIRM, "/confirm/{}/"),
    Purpose.ALREADY_HERE: in_letter(Purpose.ALREADY_HERE, "/confirm/{}/"),
    Purpose.RESET: in_letter(Purpose.RESET, "/password/choose/{}/"),
    Purpose.MOVE: in_letter(Purpose.MOVE, "/confirm/{}/"),
    "after": after("/after/{}/"),
    "after, delete": after("/after/{}/delete/"),
}


def put_right(account: Account) -> None:
    correct_address(account, NEW)


def put_right_by_the_desk(account: Account) -> None:
    actions.correct_address(account, Supporter.create(), "read out on the phone", NEW)


def moved(account: Account) -> None:
    hand_out(account, Purpose.MOVE, uuid4(), NEW)
    move(MailboxLink.objects.select_related("account").get(email=NEW))


ROADS = [put_right, put_right_by_the_desk, moved]


def test_no_kind_of_link_is_missing():
    assert set(MailboxLink.Purpose) < set(KINDS_OF_LINK)
    assert set(BOUND.values()) == {"after"} and set(BOUND) | set(LINKS) <= {
        "welcome", *(kind.removeprefix("letter.") for kind in KINDS)
    }  # fmt: skip


def press(path: str, browser: Client | None = None):
    posted = {"password": PASSWORD, "choice": "new", "answer": "yes"}
    return (browser or Client()).post(path, posted)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kind", KINDS_OF_LINK)
def test_a_link_is_over(world, dana, kind, road):
    path = KINDS_OF_LINK[kind](dana)
    assert Client().get(path).status_code == 200
    road(dana)
    owner = Client()
    owner.force_login(Account.objects.get(pk=dana.pk))
    before = Account.objects.values().get(pk=dana.pk)
    for answer in (Client().get(path), press(path), press(path, owner)):
        assert answer.status_code in (404, 410)
        assert NEW not in answer.content.decode().split("<main")[1]
    assert Account.objects.values().get(pk=dana.pk) == before
    assert not TrustRepair.objects.exclude(answer="").exists()


@pytest.mark.parametrize("kind", [kind for kind in KINDS_OF_LINK if kind in Purpose])
def test_and_stays_over_if_the_address_comes_back(world, dana, kind):
    path = KINDS_OF_LINK[kind](dana)
    for address in (NEW, OLD):
        Account.objects.update(mailbox_proven_at=None)
        correct_address(dana, address)
        dana.refresh_from_db()
    assert dana.email == OLD
    assert press(path).status_code == 410


@pytest.mark.parametrize("kind", [Purpose.CONFIRM, Purpose.RESET])
def test_also_if_the_new_one_turns_out_to_be_taken(world, dana, kind):
    """Whether the old link works must not tell it, either."""
    path = KINDS_OF_LINK[kind](dana)
    Person.create(email=NEW)
    correct_address(dana, NEW)
    answer = press(path)
    assert (answer.status_code, "has changed since we sent this link" in answer.content.decode()) == (410, True)


@pytest.mark.parametrize("kind", [AccessRequest.Kind.RESET, AccessRequest.Kind.RESEND])
@pytest.mark.parametrize("road", ROADS)
def test_what_was_asked_for_from_it_is_not_written_there(world, dana, kind, road):
    AccessRequest.objects.create(kind=kind, email=OLD)
    road(dana)
    sweep()
    kinds = set(Step.objects.filter(account=dana).values_list("kind", flat=True))
    assert not kinds & {"letter.reset", "letter.confirm_again"}
    assert [letter["Subject"] for letter in world[0].to(OLD)] in (
        [],
        ["The address of your account has changed"],
    )


@pytest.mark.parametrize("road", ROADS)
def test_a_letter_that_is_owed_goes_to_the_new_one(world, dana, road):
    Step.objects.create(account=dana, kind="letter.reset", occasion="1", dependency="mail")
    road(dana)
    sweep()
    assert any("password" in str(letter["Subject"]) for letter in world[0].to(NEW))
    assert not any("password" in str(letter["Subject"]) for letter in world[0].to(OLD))


# Replies.


def answered_from_the_old(key) -> Message:
    message = Message.objects.create(
        email=OLD,
        body="Please tell me the number.",
        message_id=f"<{uuid4()}@old.example>",
        answers=f"<{key}@a.example>",
    )
    settle_messages()
    message.refresh_from_db()
    return message


def letter_of_a_step(account: Account):
    return Step.objects.create(
        account=account, kind="letter.ready", occasion="1", dependency="mail", state=State.DONE, done_at=Now()
    ).key


def letter_of_the_desk(account: Account):
    ticket = Ticket.objects.create(account=account, email=OLD, why=Ticket.Why.WROTE)
    return Letter.objects.create(
        occasion="reply 1", ticket=ticket, to=OLD, subject="s", body="b", sent_at=Now(), automatic=False
    ).key


@pytest.mark.parametrize("thread", [letter_of_a_step, letter_of_the_desk])
@pytest.mark.parametrize("road", ROADS)
def test_a_reply_from_it_does_not_speak_for_the_account(world, dana, thread, road):
    key = thread(dana)
    road(dana)
    message = answered_from_the_old(key)
    assert message.account is None
    assert message.ticket and message.ticket.account is None and message.ticket.email == OLD


@pytest.mark.parametrize("thread", [letter_of_a_step, letter_of_the_desk])
def test_a_reply_from_the_one_they_have_does(world, dana, thread):
    assert answered_from_the_old(thread(dana)).account == dana


@pytest.mark.parametrize("road", ROADS)
def test_the_answer_to_an_open_ticket_goes_to_the_new_one(world, dana, road):
    ticket = Ticket.objects.create(account=dana, email=OLD, why=Ticket.Why.WROTE)
    road(dana)
    ticket.refresh_from_db()
    actions.reply(ticket, Supporter.create(), "Your number is 12.", "", uuid4(), then_close=True)
    assert Letter.objects.get().to == NEW


def test_a_password_alone_signs_nobody_up_for_it_again(world, dana):
    """The old address is free, and whoever signs up with it has an account of their own."""
    moved(dana)
    Client().post("/signup/", WHO | {"email": OLD, "password": "somebody else's phrase"})
    assert Account.objects.get(email=OLD).pk != dana.pk
