"""The links in letters: single use, void when something newer is true, and harmless to look at."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.test import Client

from accounts.email_links import Purpose, hand_out, token_for
from accounts.models import AccessRequest, Account, Event, MailboxLink, SignupClaim
from accounts.status import Status
from provisioning.models import OWED, Step
from provisioning.sweep import sweep
from tests.door.letters import link_in, newest_link, subjects, words_of
from tests.door.visit import WHO
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)
DANA = WHO | {"email": "dana@acme.example"}
NEW = "a quite different passphrase"


def signed_up(**changes) -> Client:
    browser = Client()
    browser.post("/signup/", DANA | changes)
    return browser


def dana() -> Account:
    return Account.objects.get(email="dana@acme.example")


def text(answer) -> str:
    return answer.content.decode()


def test_the_browser_that_signed_up_confirms_with_one_press(world):
    mail, browser = world[0], signed_up()
    sweep()
    page = browser.get(newest_link(mail, DANA["email"]))
    assert "Press the button" in text(page) and dana().mailbox_proven_at is None
    assert (page["Referrer-Policy"], "no-store" in page["Cache-Control"]) == ("strict-origin", True)
    assert "is confirmed" in text(browser.post(newest_link(mail, DANA["email"])))
    assert dana().mailbox_proven_at
    assert Event.objects.filter(account=dana(), shown="confirm.done").count() == 1


@pytest.mark.parametrize("method", ["get", "head", "options", "put"])
def test_a_scanner_changes_nothing(world, method):
    signed_up()
    sweep()
    path = newest_link(world[0], DANA["email"])
    for _ in range(3):
        getattr(Client(), method)(path)
    assert dana().mailbox_proven_at is None and MailboxLink.objects.get().used_at is None


def test_a_second_use_says_what_is_true(world):
    browser = signed_up()
    sweep()
    path = newest_link(world[0], DANA["email"])
    browser.post(path)
    for answer in (browser.post(path), Client().get(path)):
        assert answer.status_code == 200 and "it confirmed" in text(answer)
        assert answer["Referrer-Policy"] == "strict-origin"


def test_only_the_newest_link_works(world):
    mail, browser = world[0], signed_up()
    sweep()
    old = newest_link(mail, DANA["email"])
    browser.post("/resend/", {"email": DANA["email"]})
    sweep()
    new = newest_link(mail, DANA["email"])
    assert new != old
    answer = browser.post(old)
    assert (answer.status_code, dana().mailbox_proven_at) == (410, None)
    assert "newest email" in text(answer)
    browser.post(new)
    assert dana().mailbox_proven_at


def test_a_letter_that_is_tried_again_carries_the_same_link(world):
    mail = world[0]
    mail.script(["reply_lost", "reply_lost", "ok"])
    signed_up()
    for _ in range(4):
        sweep()
        Step.objects.filter(state__in=OWED).update(due_at=Now())
    links = {words_of(letter).split("/confirm/")[1].split("/")[0] for letter in mail.to(DANA["email"])}
    assert len(mail.to(DANA["email"])) > 1 and len(links) == 1
    assert MailboxLink.objects.count() == 1


def test_an_older_letter_that_comes_later_takes_nothing_from_the_newer(world):
    person = Person.create()
    steps = [
        Step.objects.create(account=person, kind="letter.reset", occasion=f"{n}", dependency="mail") for n in "12"
    ]
    hand_out(person, Purpose.RESET, steps[0].key)
    newer = hand_out(person, Purpose.RESET, steps[1].key)
    hand_out(person, Purpose.RESET, steps[0].key)
    assert Client().get(f"/password/choose/{newer}/").status_code == 200


def test_a_link_is_over_in_time():
    person = Person.create()
    token = hand_out(person, Purpose.RESET, person.pk)
    MailboxLink.objects.update(expires_at=Now() - timedelta(seconds=1))
    answer = Client().post(f"/password/choose/{token}/", {"password": NEW})
    assert answer.status_code == 410
    assert Client().login(username=person.email, password=PASSWORD)


def test_what_is_kept_opens_no_door():
    person = Person.create()
    token = hand_out(person, Purpose.RESET, person.pk)
    kept = MailboxLink.objects.values().get()
    assert token not in str(kept) and len(token) == 43  # 256 bits
    assert token == token_for(person.pk)


@pytest.mark.parametrize("path", ["/confirm/nonsense/", "/password/choose/nonsense/", "/confirm/" + "x" * 5000 + "/"])
def test_a_broken_link(path):
    answer = Client().get(path)
    assert answer.status_code == 404 and "Copy the whole link" in text(answer)


def test_a_link_for_one_thing_does_no_other():
    person = Person.create()
    confirm = hand_out(person, Purpose.CONFIRM, person.pk)
    assert Client().post(f"/password/choose/{confirm}/", {"password": NEW}).status_code == 404


# Somebody else's first sign-up with your address.


def test_the_owner_of_the_mailbox_puts_a_stranger_out(world):
    """They signed up with her address and logged in; she proves the mailbox, from a browser of her own."""
    stranger = signed_up()
    stranger.post("/login/", {"email": DANA["email"], "password": PASSWORD})
    sweep()
    assert stranger.get("/home/").status_code == 200
    path, owner = newest_link(world[0], DANA["email"]), Client()
    asked = owner.post(path)
    assert "Choose a new password" in text(asked) and dana().mailbox_proven_at is None
    assert "logged out on every other device" in text(owner.post(path, {"password": NEW}))
    assert dana().mailbox_proven_at
    assert stranger.get("/home/").status_code == 302
    assert "Log in to see" in text(stranger.get("/arriving/")), "their claim is over as well"
    assert not Client().login(username=DANA["email"], password=PASSWORD)
    assert Client().login(username=DANA["email"], password=NEW)


def test_on_another_device_she_may_log_in_first_and_keep_her_password(world):
    signed_up()
    sweep()
    path, phone = newest_link(world[0], DANA["email"]), Client()
    answer = phone.post("/login/", {"email": DANA["email"], "password": PASSWORD, "next": path})
    assert answer["Location"] == path
    assert "is confirmed" in text(phone.post(path))
    assert Client().login(username=DANA["email"], password=PASSWORD)


def test_a_weak_new_password_uses_nothing_up(world):
    signed_up()
    sweep()
    path = newest_link(world[0], DANA["email"])
    assert Client().post(path, {"password": "short"}).status_code == 200
    assert MailboxLink.objects.get().used_at is None


# Signing up again with another password.


def again_with_another_password() -> Client:
    return signed_up(password="something else entirely")


@pytest.fixture
def second(world):
    """Dana is known and proven; somebody signed up again with another password. The path in her letter."""
    Person.create(email=DANA["email"], status=Status.ACTIVE, asked_at=None, mailbox_proven_at=Now())
    again_with_another_password()
    sweep()
    assert subjects(world[0], DANA["email"]) == ["You already have an account with Arrivals"]
    return newest_link(world[0], DANA["email"])


def test_she_keeps_the_password(second):
    page = text(Client().get(second))
    assert "had an account with" in page and "Keep my password" in page
    assert "Your account and its password are unchanged" in text(Client().post(second, {"choice": "keep"}))
    assert Client().login(username=DANA["email"], password=PASSWORD)


def test_she_chooses_a_new_one(second):
    Client().post(second, {"choice": "new", "password": NEW})
    assert Client().login(username=DANA["email"], password=NEW)


def test_it_was_not_her(second):
    assert "Thank you for telling us" in text(Client().post(second, {"choice": "not_me"}))
    assert not SignupClaim.objects.exists()
    assert Client().login(username=DANA["email"], password=PASSWORD)


def test_an_unproven_password_is_not_kept_by_a_stranger_to_it(world):
    """The first password may be the stranger's: then the second letter must not make it good."""
    signed_up()
    again_with_another_password()
    sweep()
    [letter] = [letter for letter in world[0].to(DANA["email"]) if "already" in letter["Subject"]]
    path = link_in(letter)
    assert "Keep my password" not in text(Client().get(path))
    Client().post(path, {"choice": "keep"})
    assert dana().mailbox_proven_at is None


# A password forgotten.


def test_a_reset_from_beginning_to_end(world):
    mail, elsewhere = world[0], Client()
    person = Person.create(email=DANA["email"], status=Status.ACTIVE, asked_at=None)
    elsewhere.force_login(person)
    browser = Client()
    browser.post("/password/reset/", {"email": " Dana@ACME.example "})
    sweep()
    path = newest_link(mail, DANA["email"])
    assert "Choose a new password for" in text(browser.get(path))
    assert "Your new password works" in text(browser.post(path, {"password": NEW}))
    assert dana().mailbox_proven_at, "whoever reads the letter has the mailbox"
    assert elsewhere.get("/home/").status_code == 302, "other sessions have ended"
    assert browser.post("/login/", {"email": DANA["email"], "password": NEW}).status_code == 302
    assert "already used to choose a password" in text(browser.post(path, {"password": "once more, and another"}))
    sweep()
    assert subjects(mail, DANA["email"])[-1] == "Your password was changed"


def test_a_reset_while_unfinished_starts_the_repair(world):
    mail, workspaces = world
    workspaces.mode = "503"
    signed_up()
    sweep()
    browser = Client()
    browser.post("/password/reset/", {"email": DANA["email"]})
    sweep()
    workspaces.mode = "ok"
    browser.post(newest_link(mail, DANA["email"]), {"password": NEW})
    sweep()
    assert dana().status == Status.ACTIVE
    assert Client().login(username=DANA["email"], password=NEW)


def test_nobody_is_written_to_at_an_unknown_address(world):
    Client().post("/password/reset/", {"email": "nobody@free.example"})
    sweep()
    assert not world[0].letters and not AccessRequest.objects.exists()
    assert Event.objects.get(address="nobody@free.example").shown == "reset.taken"


def test_no_pause_before_a_letter_was_handed_over(world):
    mail = world[0]
    Person.create(email=DANA["email"], status=Status.ACTIVE, asked_at=None)
    mail.mode = "refused"
    for _ in range(2):
        Client().post("/password/reset/", {"email": DANA["email"]})
        sweep()
    assert Step.objects.filter(kind="letter.reset").count() == 1, "one letter is owed, however often they ask"
    mail.mode = "ok"
    Step.objects.update(due_at=Now())
    sweep()
    assert len(mail.to(DANA["email"])) == 1
    Client().post("/password/reset/", {"email": DANA["email"]})
    sweep()
    assert len(mail.to(DANA["email"])) == 1, "now there is a pause"
    Step.objects.update(done_at=Now() - timedelta(minutes=3))
    Client().post("/password/reset/", {"email": DANA["email"]})
    sweep()
    assert len(mail.to(DANA["email"])) == 2


def test_asking_again_for_the_letter_that_did_not_go_out(world):
    mail = world[0]
    mail.mode = "refused"
    signed_up()
    sweep()
    mail.mode = "ok"
    Client().post("/resend/", {"email": DANA["email"]})
    sweep()
    sweep()
    assert subjects(mail, DANA["email"]) == ["Your Arrivals account is here"]


def test_asking_again_when_nothing_is_left_to_confirm(world):
    Person.create(email=DANA["email"], status=Status.ACTIVE, asked_at=None, mailbox_proven_at=Now())
    Step.objects.create(
        account=dana(), kind="welcome_email", dependency="mail", state="done", done_at=Now() - timedelta(days=1)
    )
    Client().post("/resend/", {"email": DANA["email"]})
    sweep()
    assert "nothing left to confirm" in words_of(world[0].to(DANA["email"])[-1])


def test_a_suspended_account_is_not_opened_by_a_link(world):
    person = Person.create(is_active=False)
    token = hand_out(person, Purpose.RESET, person.pk)
    answer = Client().post(f"/password/choose/{token}/", {"password": NEW})
    assert (answer.status_code, "suspended" in text(answer)) == (403, True)


def test_logging_out_ends_the_session(world):
    person, browser = Person.create(status=Status.ACTIVE, asked_at=None), Client()
    browser.force_login(person)
    browser.post("/logout/")
    assert browser.get("/home/").status_code == 302 and not Session.objects.exists()
