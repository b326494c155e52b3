"""What looks the same on another device opens the same account, in any script, at every door, with one argon2."""

import unicodedata

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password, verify_password
from django.core.management import call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.hashers import is_of_what_was_typed
from accounts.models import Account
from accounts.status import Status
from accounts.text.unicode import folded
from accounts.validators import LONGEST_PASSWORD
from tests.door.visit import WHO, visit
from tests.people import PASSWORD, Person, Supporter

LONG = " and some more words"
# The same to the eye: as one keyboard writes it, and as another does.
ALIKE = {
    "é as one code point and as two": ("caf\u00e9", "cafe\u0301"),
    "Hangul as syllables and as jamo": ("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    "Vietnamese marks in another order": ("vi\u1ec7t", "vie\u0302\u0323t"),
    "Vietnamese as Windows types it": ("vi\u1ec7t", "vi\u00ea\u0323t"),
    "Arabic with its marks in another order": ("\u0645\u064e\u0651", "\u0645\u0651\u064e"),
    "Arabic letters and their presentation forms": ("\u0644\u0627", "\ufefb"),
    "hamza as one code point and as two": ("\u0623", "\u0627\u0654"),
    "Devanagari with a nukta": ("\u0958", "\u0915\u093c"),
    "kana, voiced": ("\u304c", "\u304b\u3099"),
    "kana, half width": ("\u30ac", "\uff76\uff9e"),
    "Latin, full width": ("Secret9", "\uff33\uff45\uff43\uff52\uff45\uff54\uff19"),
    "the ohm and the omega": ("\u03a9", "\u2126"),
    "an emoji with its selector and without": ("\u2764", "\u2764\ufe0f"),
    "a blank that does not break": ("a b", "a\u00a0b"),
    "the blank of an East Asian keyboard": ("a b", "a\u3000b"),
    "the blank of ogham": ("a b", "a\u1680b"),
    "a blank without width": ("ab", "a\u200bb"),
    "a soft hyphen": ("ab", "a\u00adb"),
    "a mark at the beginning of a file": ("ab", "\ufeffab"),
}
PAIRS = [(one + LONG, other + LONG) for one, other in ALIKE.values()]
SAME = pytest.mark.parametrize(("one", "other"), PAIRS + [pair[::-1] for pair in PAIRS], ids=[*ALIKE] * 2)


@pytest.fixture
def signed_up(db):
    def sign_up(password: str) -> Account:
        assert (
            Client().post("/signup/", WHO | {"email": "dana@acme.example", "password": password}).status_code == 302
        )
        return Account.objects.get()

    return sign_up


@SAME
def test_logging_in(signed_up, one, other):
    signed_up(one)
    seen = visit(Client(), "post", "/login/", {"email": "dana@acme.example", "password": other})
    assert (seen.status, seen.hashes) == (302, 1)


@SAME
def test_the_desk(db, one, other):
    jordan = Supporter.create(password=make_password(one))
    seen = visit(Client(), "post", "/admin/login/", {"username": jordan.email, "password": other})
    assert (seen.status, seen.hashes) == (302, 1)


@SAME
def test_signing_up_again_and_deleting(signed_up, one, other):
    signed_up(one)
    browser = Client()
    seen = visit(browser, "post", "/signup/", WHO | {"email": "dana@acme.example", "password": other})
    assert (seen.status, seen.hashes) == (302, 1)
    assert browser.post("/arriving/delete/", {"password": one})["Location"] == "/arriving/deleted/"


def test_whoever_is_made_at_a_prompt(db, monkeypatch):
    one, other = PAIRS[0]
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", one)
    call_command("createsuperuser", email="jordan@acme.example", name="Jordan", interactive=False, verbosity=0)
    assert Client().login(username="jordan@acme.example", password=other)


@pytest.mark.parametrize("other", ["cafe", "café", "CAFÉ", "cafè", "caffé", "café café"])
def test_what_looks_different_is_different(signed_up, other):
    signed_up("kafé" + LONG)
    assert Client().post("/login/", {"email": "dana@acme.example", "password": other + LONG}).status_code == 200


@given(st.text(max_size=50))
def test_the_compared_form_is_one(typed):
    assert folded(folded(typed)) == folded(typed)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert folded(unicodedata.normalize(form, typed)) == folded(typed)


# Hashes from before.


def old_hash(password: str) -> str:
    hasher = Argon2PasswordHasher()
    return hasher.encode(password, hasher.salt())


@pytest.mark.parametrize("typed", [*dict.fromkeys(password for pair in PAIRS for password in pair), "pässwörd 🗝️ "])
def test_an_older_hash_opens_with_what_was_typed(db, typed):
    """One argon2 to tell; then one more, once, after which the other way of typing it opens it, too."""
    person = Person.create(password=old_hash(typed), status=Status.ACTIVE)
    assert verify_password(typed, person.password)[0]
    browser = Client()
    assert browser.post("/login/", {"email": person.email, "password": typed}).status_code == 302
    assert browser.get("/home/").status_code == 200, "she is still logged in here"
    person.refresh_from_db()
    assert is_of_what_was_typed(person.password) == typed.isascii()
    again = visit(Client(), "post", "/login/", {"email": person.email, "password": typed})
    assert (again.status, again.hashes) == (302, 1)
    if not typed.isascii():
        assert Client().post("/login/", {"email": person.email, "password": folded(typed)}).status_code == 302


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_password_costs_one_argon2_whatever_the_hash(db, known):
    email = Person.create(password=old_hash("café" + LONG)).email if known else "nobody@acme.example"
    seen = visit(Client(), "post", "/login/", {"email": email, "password": "cafe\u0301"})
    assert (seen.status, seen.hashes) == (200, 1)


# How long, and what of it.


@pytest.mark.parametrize(
    ("password", "status"),
    [
        ("한" * LONGEST_PASSWORD, 302),
        (unicodedata.normalize("NFD", "한") * LONGEST_PASSWORD, 302),
        ("ﷺ" * 60, 200),
        ("a" + "\u0301\u0316" * 2400, 200),
        ("x" * 1001, 200),
        ("\u0301\u0316" * 200_000, 200),
        ("\u200b" * 20, 200),
        ("é" * 4 + "\u200b" * 10, 200),
    ],
    ids=ascii,
)
def test_length_is_that_of_what_is_compared(db, password, status):
    answer = Client().post("/signup/", WHO | {"email": "dana@acme.example", "password": password})
    assert answer.status_code == status
    field = Client().get("/signup/").content.decode().split('name="password"')[1].split(">")[0]
    assert "maxlength" not in field, "a browser would cut what is pasted, and say nothing"


def test_a_common_password_in_full_width_is_a_common_password(db):
    wide = "".join(chr(ord(each) + 0xFEE0) for each in "password123")
    answer = Client().post("/signup/", WHO | {"email": "dana@acme.example", "password": wide})
    assert answer.status_code == 200


# Copied with a blank.

AROUND = ["{} ", " {}", "{}\n", "{}\r\n", "\t{}", "{}\u00a0", "\u3000{}", "{}\u2028"]
HINT = "begins or ends with a space"


@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_a_hint_and_no_riddle(db, around):
    """The same for a password that would be right without, for one that would not, and for nobody's address."""
    person, pages = Person.create(), []
    for email, password in ((person.email, PASSWORD), (person.email, "a wrong one"), ("no@acme.example", PASSWORD)):
        seen = visit(Client(), "post", "/login/", {"email": email, "password": around.format(password)}, echo=email)
        assert HINT in seen.text and seen.hashes == 1
        pages.append(seen)
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_a_hint_at_the_desk_and_in_the_waiting_room(db, around):
    jordan, typed = Supporter.create(), around.format(PASSWORD)
    assert HINT in Client().post("/admin/login/", {"username": jordan.email, "password": typed}).content.decode()
    browser = Client()
    browser.force_login(Person.create())
    for path in ("/arriving/delete/", "/arriving/address/"):
        page = browser.post(path, {"email": "other@acme.example", "password": typed}).content.decode()
        assert HINT in page and "Nothing has changed" in page


@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_a_new_password_has_none(db, around):
    answer = Client().post("/signup/", WHO | {"email": "dana@acme.example", "password": around.format(PASSWORD)})
    assert "begins or ends with a space" in answer.content.decode() and not Account.objects.exists()


def test_without_one_there_is_no_hint(db):
    page = Client().post("/login/", {"email": "no@acme.example", "password": "a wrong one"}).content.decode()
    assert HINT not in page


def test_an_older_password_with_a_blank_at_its_end_still_opens(db):
    person = Person.create(password=old_hash("a blank at the end "))
    assert Client().post("/login/", {"email": person.email, "password": "a blank at the end "}).status_code == 302
