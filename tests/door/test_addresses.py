"""One form of an address at every door, however it was typed, pasted or sent by a browser; or a sentence why not."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AccessRequest, Account, Event, MailboxLink, SignupClaim
from accounts.status import Status
from accounts.text.addresses import check_address, normal_email, shown
from provisioning.models import State, Step
from provisioning.sweep import sweep
from support.desk.search import find
from support.models import Message
from tests.door.visit import WHO
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db(transaction=True)
PLAIN, DOMAIN = "dana@acme.example", "dana@xn--mller-kva.example"
PASTED = {
    "a blank without width": ("da\u200bna@acme.example", PLAIN),
    "a soft hyphen": ("dana@ac\u00adme.example", PLAIN),
    "a byte order mark": ("\ufeffdana@acme.example", PLAIN),
    "a mark of direction": ("dana@acme\u200e.example", PLAIN),
    "an embedding": ("\u202adana@acme.example\u202c", PLAIN),
    "an isolate": ("\u2068dana@acme.example\u2069", PLAIN),
    "a word joiner": ("dana\u2060@acme.example", PLAIN),
    "a joiner where none belongs": ("dana@ac\u200dme.example", PLAIN),
    "a variation selector": ("dana@acme.example\ufe0f", PLAIN),
    "a tag": ("dana@acme.example\U000e0020", PLAIN),
    "a blank that does not break": ("\u00a0dana@acme.example\u00a0", PLAIN),
    "a wide blank": ("dana@acme.example\u3000", PLAIN),
    "a line break": ("dana@acme.example\r\n", PLAIN),
    "a wide @": ("dana\uff20acme.example", PLAIN),
    "a small @": ("dana\ufe6bacme.example", PLAIN),
    "wide letters": ("\uff24\uff41\uff4e\uff41\uff20\uff41\uff43\uff4d\uff45\uff0eexample", PLAIN),
    "an ideographic full stop": ("dana@acme\u3002example", PLAIN),
    "a half-wide one": ("dana@acme\uff61example", PLAIN),
    "a ligature": ("o\ufb03ce@acme.example", "office@acme.example"),
    "mailto": ("mailto:dana@acme.example", PLAIN),
    "a whole link": ("MAILTO:dana%40acme.example?subject=Hello", PLAIN),
    "angle brackets": ("<dana@acme.example>", PLAIN),
    "a name": ("Dana Sommer <dana@acme.example>", PLAIN),
    "a name in quotes": ('"Sommer, Dana" <dana@acme.example>,', PLAIN),
    "a comment": ("dana@acme.example (Dana Sommer)", PLAIN),
    "quotes": ("\u201cdana@acme.example\u201d", PLAIN),
    "parentheses": ("(dana@acme.example).", PLAIN),
    "a full stop": ("dana@acme.example.", PLAIN),
    "a comma": ("dana@acme.example,", PLAIN),
    "a semicolon": ("dana@acme.example; ", PLAIN),
    "capitals": ("DANA@ACME.EXAMPLE", PLAIN),
    "an umlaut": ("dana@müller.example", DOMAIN),
    "an umlaut in two code points": ("dana@mu\u0308ller.example", DOMAIN),
    "a capital umlaut": ("DANA@MÜLLER.EXAMPLE", DOMAIN),
    "as a browser sends it": ("dana@xn--mller-kva.example", DOMAIN),
    "as a browser sends it, in capitals": ("dana@XN--MLLER-KVA.example", DOMAIN),
    "a sharp s, which is not ss": ("dana@straße.example", "dana@xn--strae-oqa.example"),
    "Cyrillic": ("dana@пример.рф", "dana@xn--e1afmkfd.xn--p1ai"),
    "Japanese": ("dana@例え。テスト", "dana@xn--r8jz45g.xn--zckzah"),
    "Persian, with the joiner it needs": ("dana@نامه\u200cای.com", "dana@xn--mgba3gch31f060k.com"),
    "a snowman": ("dana@☃.net", "dana@xn--n3h.net"),
}
NO_LETTER = {
    "a domain literal": ("dana@[192.0.2.7]", "to what comes after the @"),
    "an IP address": ("dana@192.0.2.7", "to what comes after the @"),
    "a broken A-label": ("dana@xn--zzzz.example", "to what comes after the @"),
    "an empty A-label": ("dana@xn--.example", "to what comes after the @"),
    "a label not assigned": ("dana@\u0378.example", "to what comes after the @"),
    "a long label": ("dana@" + "b" * 64 + ".example", "to what comes after the @"),
    "a label that becomes long": ("dana@" + "ü" * 60 + ".example", "to what comes after the @"),
    "a control character": ("dana@ac\x07me.example", "to what comes after the @"),
    "one word": ("dana@acme", "to what comes after the @"),
    "an underscore": ("dana@ac_me.example", "to what comes after the @"),
    "two stops": ("dana@acme..example", "to what comes after the @"),
    "a long name": ("d" * 65 + "@acme.example", "The part before the @ is too long"),
    "a long address": (("d" * 60 + "@" + "a.b" * 90 + ".example"), "too long: email allows up to 254 characters"),
    "a very long one": ("d" * 100_000 + "@acme.example", "too long: email allows up to 254 characters"),
    "a name that grows": ("İ" * 200 + "@acme.example", "plain letters (a to z), digits and signs before the @"),
    "a name in another script": ("пример@acme.example", "plain letters (a to z), digits and signs before the @"),
    "two addresses": ("dana@acme.example, bo@acme.example", "Enter an email address like"),
    "a blank inside": ("dana @acme.example", "Enter an email address like"),
    "a header": ("dana@acme.example\r\nBcc: bo@acme.example", "Enter an email address like"),
    "no address": ("dana", "Enter an email address like"),
}
TYPED = pytest.mark.parametrize(("typed", "kept"), PASTED.values(), ids=PASTED)
REFUSED = pytest.mark.parametrize(("typed", "words"), NO_LETTER.values(), ids=NO_LETTER)


@pytest.fixture(autouse=True)
def calm(settings):
    settings.THROTTLES = False


def page_of(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


# However it was pasted.


@TYPED
def test_every_door_means_the_same_account(typed, kept):
    browser = Client()
    assert browser.post("/signup/", WHO | {"email": typed}).status_code == 302
    account = Account.objects.get(email=kept)
    assert SignupClaim.objects.get().email == kept
    assert browser.post("/signup/", WHO | {"email": kept}).status_code == 302
    assert Account.objects.count() == SignupClaim.objects.count() == 1
    assert Client().post("/login/", {"email": typed, "password": PASSWORD}).status_code == 302
    assert Client().login(username=typed, password=PASSWORD)
    for door, kind in (("/password/reset/", "reset"), ("/resend/", "resend")):
        assert Client().post(door, {"email": typed}).status_code == 302
        assert AccessRequest.objects.get(kind=kind).email == kept
    assert Client().post("/contact/", {"email": typed, "message": "I am stuck"}).status_code == 302
    assert Message.objects.get().email == kept
    assert account in find(Account.objects.all(), typed)


@TYPED
def test_put_right_it_is_the_same(typed, kept):
    browser = Client()
    browser.post("/signup/", WHO | {"email": "slip@acme.example"})
    assert browser.post("/arriving/address/", {"email": typed, "password": PASSWORD}).status_code == 302
    assert Account.objects.get().email == kept


@TYPED
def test_the_desk_and_the_prompt(typed, kept, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email=typed, name="Dana", interactive=False, verbosity=0)
    assert Account.objects.get().email == kept
    assert Client().post("/admin/login/", {"username": typed, "password": PASSWORD}).status_code == 302
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", email=kept, name="Dana", interactive=False, verbosity=0)


# Where no letter can go.


@REFUSED
def test_every_door_says_so(typed, words):
    browser = Client()
    for door in ("/signup/", "/login/", "/password/reset/", "/resend/", "/contact/"):
        assert words in page_of(browser.post(door, WHO | {"email": typed, "message": "I am stuck"})), door
    assert words in page_of(Client().post("/admin/login/", {"username": typed, "password": PASSWORD}))
    assert not Account.objects.exists() and not Message.objects.exists() and not AccessRequest.objects.exists()
    browser.post("/signup/", WHO | {"email": PLAIN})
    assert words in page_of(browser.post("/arriving/address/", {"email": typed, "password": PASSWORD}))
    assert Account.objects.get().email == PLAIN


@REFUSED
def test_the_prompt_says_so(typed, words, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError) as refused:
        call_command("createsuperuser", email=typed, name="Dana", interactive=False, verbosity=0)
    assert words in str(refused.value) and not Account.objects.exists()
    with pytest.raises(ValidationError, match=r"@|address"):
        Account._meta.get_field("email").clean(typed, None)


@given(st.text(max_size=60) | st.builds("{}@{}.{}".format, *[st.text(min_size=1, max_size=20)] * 3))
def test_the_kept_form_is_one_and_can_be_written_to(typed):
    email = normal_email(typed)
    try:
        check_address(email)
    except ValidationError:
        return
    assert email.isascii() and email == email.lower() == normal_email(email) and len(email) <= 254
    assert normal_email(shown(email)) == email


@pytest.mark.parametrize("email", ["a@\u0378.example", "a@" + "b" * 64 + ".example", "a@[192.0.2", "é@acme.example"])
def test_one_that_got_in_by_other_means_stops_nobody(world, email):
    mail = world[0]
    odd, others = Person.create(email=email), [Person.create() for _ in range(3)]
    sweep()
    step = Step.objects.get(account=odd, kind="welcome_email")
    assert (step.state, step.permanent) == (State.DEAD, True)
    assert "cannot write to that address" in step.error or "no email can be sent to that address" in step.error
    assert [len(mail.to(other.email)) for other in others] == [1, 1, 1]
    assert Account.objects.filter(status=Status.ACTIVE).count() == 3


def test_one_from_before_is_written_to_as_it_was_meant(world):
    Person.create(email="dana@ac\u200eme.example")
    Person.create(email="dana@straße.example")
    sweep()
    assert len(world[0].to(PLAIN)) == len(world[0].to("dana@xn--strae-oqa.example")) == 1


# What people read.


@pytest.mark.parametrize(
    ("email", "read"),
    [
        ("dana@xn--mller-kva.example", "dana@müller.example"),
        ("dana@xn--e1afmkfd.xn--p1ai", "dana@пример.рф"),
        ("dana@xn--r8jz45g.xn--zckzah", "dana@例え.テスト"),
        ("dana@xn--80ak6aa92e.com", "dana@xn--80ak6aa92e.com"),
        ("dana@xn--zzzz.example", "dana@xn--zzzz.example"),
        ("dana@xn--n3h.net", "dana@xn--n3h.net"),
        ("dana@acme.example", "dana@acme.example"),
        ("dana", "dana"),
    ],
)
def test_a_domain_is_shown_in_its_script_where_that_deceives_nobody(email, read):
    assert shown(email) == read


def test_the_waiting_room_and_the_desk_show_it_so():
    browser = Client()
    browser.post("/signup/", WHO | {"email": DOMAIN})
    assert "dana@müller.example" in browser.get("/arriving/").content.decode()
    desk = Client()
    desk.force_login(Supporter.create())
    page = desk.get(f"/admin/accounts/account/{Account.objects.get(name=WHO['name']).pk}/change/").content.decode()
    assert "dana@müller.example" in page


# Rows from before.


def bring_into_one_form() -> None:
    module = import_module("accounts.migrations.0005_one_form_of_an_address")
    with connection.schema_editor() as editor:
        module.bring_into_one_form(apps, editor)


def test_rows_from_before_are_brought_into_it_and_their_links_work():
    for email in ("dana@müller.example", "bo@xn--mller-kva.example", "bo@müller.example", "a@\u0378.example"):
        Person.create(email=email)
    account = Account.objects.get(email="dana@müller.example")
    SignupClaim.objects.create(token_hash="a" * 64, email=account.email, name="Dana", account=account, proven=True)
    link = MailboxLink.objects.create(account=account, token_hash="b" * 64, email=account.email, expires_at=Now())
    Event.objects.create(address="dana@müller.example", voice="they", kind="tried_to_log_in")
    bring_into_one_form()
    emails = {"dana@xn--mller-kva.example", "bo@xn--mller-kva.example", "bo@müller.example", "a@\u0378.example"}
    assert set(Account.objects.values_list("email", flat=True)) == emails, "no two became one"
    link.refresh_from_db()
    assert link.email == SignupClaim.objects.get().email == Event.objects.get().address == DOMAIN
    bring_into_one_form()
    assert set(Account.objects.values_list("email", flat=True)) == emails
