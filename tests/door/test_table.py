"""Every door, every state, every proof, mail up and down: what is answered, in which words, and what is then owed.

Two sentences contradict each other if both may be read by one person, with nothing done in between, and cannot
both be true. CONTRADICTIONS lists such pairs; a pattern ending in a dot stands for all keys that begin with it.
They are looked for on each page, and in all that one person reads who goes from door to door.
"""

import re
from itertools import product

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.utils.html import strip_tags

from accounts import sentences as messages
from accounts.hashers import BoundedArgon2
from accounts.models import Event
from provisioning.intake.pickup import fetch_letters
from provisioning.models import Dependency, Step
from tests.door.states import EMAIL, PROOFS, STATES, bring_about, come_with
from tests.door.visit import WHO

pytestmark = pytest.mark.django_db

NOBODY = ("free", "deleted")
RECEIPT = {"receipt.heading", "receipt.safe", "receipt.if_taken", "welcome_email.open", "workspace.open"}
LATE_WORKSPACE = {"waiting.late", "welcome_email.done", "workspace.late", "waiting.trying_now"}
# What the waiting room says to an owner who has just come back to a door, so that tries begin anew.
ROOM = {
    "created": {"waiting.on_its_way", "welcome_email.open", "workspace.open", "waiting.next_try"},
    "email only": LATE_WORKSPACE,
    "workspace only": {
        "waiting.late",
        "welcome_email.late",
        "workspace.done",
        "waiting.may_enter",
        "waiting.trying_now",
    },
    "active": {"waiting.ready", "welcome_email.done", "workspace.done"},
    "failed": LATE_WORKSPACE,
    "suspended": {"waiting.suspended", "welcome_email.open", "workspace.open", "waiting.next_try"},
}
# And to one who only looks: tries that were spent stay spent.
LOOKING = ROOM | {
    "email only": LATE_WORKSPACE - {"waiting.trying_now"} | {"waiting.next_try"},
    "workspace only": {
        "waiting.late",
        "welcome_email.late",
        "workspace.done",
        "waiting.may_enter",
        "waiting.next_try",
    },
    "failed": {"waiting.gave_up", "welcome_email.done", "workspace.dead"},
}
HOME = {"workspace only": {"home.welcome", "home.letter_owed"}, "active": {"home.welcome"}}
LETTER = {"letter.ways_on"}
TRYING = {"waiting.next_try", "waiting.trying_now"}  # the notice of an outage has the one time on a page
CONTRADICTIONS = [
    ("welcome_email.done", "welcome_email.open"),
    ("welcome_email.done", "welcome_email.late"),
    ("welcome_email.done", "home.letter_owed"),
    ("workspace.done", "workspace.open"),
    ("workspace.done", "workspace.late"),
    ("workspace.done", "workspace.dead"),
    ("workspace.late", "waiting.ready"),
    ("waiting.ready", "waiting.late"),
    ("waiting.ready", "waiting.on_its_way"),
    ("waiting.ready", "waiting.gave_up"),
    ("waiting.late", "waiting.gave_up"),
    ("waiting.suspended", "waiting.ready"),
    ("waiting.suspended", "waiting.may_enter"),
    ("workspace.late", "waiting.may_enter"),
    ("workspace.dead", "waiting.may_enter"),
    ("login.suspended", "login.no_match"),
    ("signup.unsaved", "receipt."),
    ("login.unknown", "receipt."),
    ("login.unknown", "waiting."),
    ("delete.done", "waiting."),
    ("confirm.done", "link."),
    ("outage.", "waiting.next_try"),
    ("outage.", "waiting.trying_now"),
    ("outage.", "letter.ways_on"),
    ("outage.", "waiting.on_its_way"),
]
NEVER = re.compile(
    r"not found|in use|already (taken|exists|registered)|invalid|oops|successfully|inconvenience|again later",
    re.I,
)
SAYS_SENT = re.compile(r"\b(was|has been|have|is) sent\b|we sent|handed to the mail service", re.I)


def signup(browser, password, _link):
    return browser.post("/signup/", WHO | {"email": EMAIL, "password": password}, follow=True)


def login(browser, password, _link):
    return browser.post("/login/", {"email": EMAIL, "password": password}, follow=True)


def resend(browser, _password, _link):
    return browser.post("/resend/", {"email": EMAIL}, follow=True)


def reset(browser, _password, _link):
    return browser.post("/password/reset/", {"email": EMAIL}, follow=True)


def contact(browser, _password, _link):
    return browser.post("/contact/", {"email": EMAIL, "message": "I am stuck."}, follow=True)


def confirm(browser, password, link):
    browser.login(username=EMAIL, password=password)
    return browser.post(link)


DOORS = {door.__name__: door for door in (signup, login, resend, reset, contact, confirm)}


def expected(door: str, state: str, proof: str) -> tuple[int, set[str]]:
    """The table: status and sentences, with mail up."""
    if door in ("resend", "reset"):
        return 200, {f"{door}.taken"} | LETTER
    if door == "contact":
        return 200, {"contact.taken"}
    return {"signup": signing_up, "login": logging_in, "confirm": confirming}[door](state, proof)


def in_an_outage(said: set[str]) -> set[str]:
    """The same table while mail is down: nothing is said of minutes, and the next try is in the notice only."""
    late = {"waiting.on_its_way": "waiting.held_up", "letter.ways_on": "letter.ways_on_late"}
    return {late.get(key, key) for key in said - TRYING} | {"outage.mail"}


def signing_up(state: str, proof: str) -> tuple[int, set[str]]:
    """Who has no proof reads the same whatever the state; so does a fresh account."""
    if state in NOBODY or proof in ("none", "mailbox"):
        return 200, RECEIPT
    said = {"receipt.heading"} | (ROOM if proof == "password" else LOOKING)[state]
    if state == "created":
        said = said - {"waiting.on_its_way"} | RECEIPT
    return 200, said


def logging_in(state: str, proof: str) -> tuple[int, set[str]]:
    if state in NOBODY or proof != "password":
        return 200, {"login.no_match", "login.ways_on"}
    if state == "suspended":
        return 200, {"login.suspended", "login.ways_on"}
    return 200, HOME.get(state) or {"home.welcome"} | ROOM[state]


def confirming(state: str, proof: str) -> tuple[int, set[str]]:
    if state in NOBODY or proof == "none":
        return 404, {"link.unknown"}
    if state == "suspended":
        return 403, {"waiting.suspended"}
    return 200, {"confirm.ask_password"} if proof == "mailbox" else {"confirm.done"}


def letters_owed(door: str, state: str) -> set[str]:
    """What goes out because of this door: never anything to an address that has no account."""
    if state in NOBODY or state == "suspended":
        return set()
    if door == "reset":
        return {"letter.reset"}
    gone_out = state in ("email only", "active", "failed")
    return {"letter.confirm_again"} if door == "resend" and gone_out else set()


class Overheard(dict):
    """The sentences, and which of them were said."""

    said: set[str] = set()

    def __getitem__(self, key):
        self.said.add(key)
        return super().__getitem__(key)


@pytest.fixture
def overheard(monkeypatch):
    monkeypatch.setattr(BoundedArgon2, "memory_cost", 64)  # this is not about hashing
    sentences = Overheard(messages.SENTENCES)
    sentences.said = set()
    monkeypatch.setattr(messages, "SENTENCES", sentences)
    return sentences.said


@pytest.fixture(params=["mail up", "mail down"])
def mail_is(request):
    if request.param == "mail down":
        Dependency.objects.create(name="mail", broken=True, probe_at=Now(), error="refused")
        cache.delete("outages")
    return request.param.removeprefix("mail ")


def contradictions(said: set[str]) -> list[tuple[str, str]]:
    return [pair for pair in CONTRADICTIONS if all(any(map(fits(one), said)) for one in pair)]


def fits(pattern: str):
    return lambda key: key.startswith(pattern) if pattern.endswith(".") else key == pattern


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("proof", PROOFS)
@pytest.mark.parametrize("door", DOORS)
def test_the_table(door, proof, state, mail_is, overheard):
    account = bring_about(state)
    answer = DOORS[door](*come_with(proof, account))
    status, said = expected(door, state, proof)
    assert answer.status_code == status
    assert overheard == (in_an_outage(said) if mail_is == "down" else said)
    assert not contradictions(overheard)
    page = strip_tags(answer.content.decode())
    assert not NEVER.search(page)
    assert "welcome_email.done" in said or not SAYS_SENT.search(page)
    assert_told_in_the_diary(overheard)
    fetch_letters()
    kinds = Step.objects.filter(kind__startswith="letter.").exclude(kind="letter.already_here")
    assert set(kinds.values_list("kind", flat=True)) == letters_owed(door, state)


def assert_told_in_the_diary(said: set[str]) -> None:
    """What the diary says that they were shown was on the page."""
    shown = Event.objects.exclude(shown="").exclude(kind="deleted_everything")
    assert set(shown.values_list("shown", flat=True)) <= said | {"receipt.heading"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("proof", PROOFS)
def test_from_door_to_door(proof, state, mail_is, overheard):
    """One person with one proof tries them all, and reads nothing that contradicts what was read before.

    Free and deleted: signing up makes an account, so that comes last.
    """
    account = bring_about(state)
    browser, password, link = come_with(proof, account)
    for door in (resend, login, contact, reset, signup):
        door(browser, password, link)
    assert not contradictions(overheard)


def test_the_waiting_room_of_who_was_given_up(overheard):
    """Looking is not coming to a door: the truth is that a person has it."""
    browser, *_ = come_with("claim", bring_about("failed"))
    browser.get("/arriving/")
    assert overheard == {"receipt.heading", "waiting.gave_up", "welcome_email.done", "workspace.dead"}


def in_the_table() -> set[str]:
    cells = product(DOORS, STATES, PROOFS)
    said = set().union(*(expected(*cell)[1] for cell in cells))
    return said | in_an_outage(said)


# Said in no cell of the table; each is asserted by the test that is named.
ELSEWHERE = {
    "test_onward": ["oidc.refused"],
    "test_oidc": ["oidc.logout_ask"],
    "test_bad_days": ["signup.unsaved", "signup.unsure", "database.away", "contact.unsaved"],
    "test_typed": ["contact.again"],
    "test_read_only": ["database.read_only"],
    "test_limits": ["throttle.wait", "busy", "signup.busy"],
    "test_locked_out": ["throttle.ways_on"],
    "test_waiting_room": [
        "signup.typo", "waiting.needed_by", "waiting.needed_passed", "waiting.address", "welcome_email.dead",
        "welcome_email.refused",
        "password.wrong", "address.ask", "address.confirmed", "delete.ask", "delete.staff", "delete.done",
    ],
    "test_own": [
        "own.saved", "own.password_ask", "own.password_changed", "own.address_ask", "own.same_address",
        "own.move_asked", "own.move_confirm", "own.move_log_in", "own.move_taken", "own.moved", "link.used.move",
        "own.sessions_ask", "own.ended_one", "own.ended_others", "own.ended_already",
        "own.export_ask",
    ],
    "test_passwords": ["password.blank_ends"],
    "test_bounces": ["welcome_email.bounced", "home.bounced"],
    "test_links": [
        "confirm.ask", "link.used.confirm", "link.used.already_here", "link.used.reset", "link.replaced",
        "link.address_changed", "link.expired", "already.ask", "already.ask_unproven", "already.kept",
        "already.not_me", "reset.ask", "password.changed",
    ],
    "test_unplanned": ["login.unknown", "waiting.stranger", "mailbox.needed", "home.debt", "outage.workspace",
        "outage.several"],
    "any step of a platform's own": ["other.open", "other.late", "other.done", "other.dead", "outage.other"],
}  # fmt: skip


def test_no_sentence_is_missing_and_none_is_idle():
    used = in_the_table().union(*ELSEWHERE.values())
    assert used == set(messages.SENTENCES)
