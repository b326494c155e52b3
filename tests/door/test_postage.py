"""However many strangers ask, and wherever: so many letters an hour to one mailbox, and its owner's link is there."""

from datetime import timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Account
from accounts.status import Status
from provisioning.emails import rate_limit
from provisioning.emails.rate_limit import mailbox_of
from provisioning.engine import circuit_breaker
from provisioning.models import Attempt, Dependency, Postmark, State, Step
from provisioning.sweep import sweep
from support.actions import actions
from support.models import Letter, Ticket
from tests.door.letters import newest_link, subjects
from tests.door.visit import WHO
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db(transaction=True)
DANA = "dana@acme.example"
HOUR = timedelta(hours=1)


def stranger(number: int) -> Client:
    return Client(REMOTE_ADDR=f"198.51.100.{number}")


def sweep_often(times=4) -> None:
    for _ in range(times):
        sweep()


def an_hour_later() -> None:
    """Everything that was written down is an hour older, and what waited is due."""
    Postmark.objects.update(at=F("at") - HOUR)
    Step.objects.update(due_at=F("due_at") - HOUR, done_at=F("done_at") - HOUR)
    Letter.objects.update(due_at=F("due_at") - HOUR)


def arrived(mail, mailbox=DANA) -> list[EmailMessage]:
    return [letter for letter in mail.letters if mailbox_of(letter["To"]) == mailbox]


def everybody_asks(mailbox=DANA) -> None:
    """Twenty browsers, each from a network of its own, at every door that makes us write."""
    local, domain = mailbox.split("@")
    for number in range(20):
        browser, another = stranger(number), f"{local}+{number}@{domain}"
        browser.post("/signup/", WHO | {"email": another, "password": f"a stranger's {number} passphrase"})
        browser.post("/resend/", {"email": another})
        for address in (another, mailbox):
            right = {"email": address, "password": f"a stranger's {number} passphrase"}
            browser.post("/arriving/address/", right)
            browser.post("/password/reset/", {"email": address})
            browser.post("/resend/", {"email": address})
            browser.post("/contact/", {"email": address, "message": "hello"})
        browser.post("/signup/", WHO | {"email": mailbox, "password": f"a stranger's {number} passphrase"})
        if number % 5 == 0:
            sweep_often(2)
    sweep_often()


@pytest.fixture(params=["nobody", "signed up", "proven"])
def dana(request):
    if request.param == "nobody":
        return None
    proven = {"mailbox_proven_at": Now()} if request.param == "proven" else {}
    return Person.create(email=DANA, status=Status.ACTIVE, asked_at=None, **proven)


def test_six_letters_an_hour_by_all_doors_together(world, dana):
    mail = world[0]
    everybody_asks()
    assert 1 <= len(arrived(mail)) <= 6, [str(letter["Subject"]) for letter in arrived(mail)]
    an_hour_later()
    sweep_often()
    assert len(arrived(mail)) <= 12


def test_one_browser_that_puts_its_address_right_again_and_again(world):
    """To her mailbox, to another, and back: each time a letter is owed to whoever has the address."""
    browser, own = stranger(1), {"password": WHO["password"]}
    browser.post("/signup/", WHO | {"email": "me@evil.example"})
    for number in range(12):
        for address in (DANA, f"me{number}@evil.example"):
            browser.post("/arriving/address/", own | {"email": address})
            sweep()
    assert 1 <= len(arrived(world[0])) <= 6


def test_the_owners_own_link_still_comes(world):
    mail = world[0]
    Person.create(email=DANA, status=Status.ACTIVE, asked_at=None)
    everybody_asks()
    Client().post("/password/reset/", {"email": DANA})
    sweep_often()
    assert len(arrived(mail)) <= 6
    letter = [letter for letter in mail.to(DANA) if letter["Subject"] == "Choose a new password"][-1]
    assert letter["To"] == DANA
    link = newest_reset(mail)
    phone = Client(REMOTE_ADDR="192.0.2.77")
    assert phone.post(link, {"password": "a new and long passphrase"}).status_code == 200
    assert phone.post("/login/", {"email": DANA, "password": "a new and long passphrase"}).status_code == 302


def newest_reset(mail) -> str:
    letters = [letter for letter in mail.to(DANA) if letter["Subject"] == "Choose a new password"]
    return newest_link(type("Mail", (), {"to": lambda self, address: letters})(), DANA)


def test_before_any_reset_was_asked_for_one_is_kept_for_her(world):
    """Strangers spend all that they can on other sorts of letter."""
    mail = world[0]
    Person.create(email=DANA, status=Status.ACTIVE, asked_at=None)
    for number in range(20):
        browser = stranger(number)
        browser.post("/signup/", WHO | {"email": f"dana+{number}@acme.example"})
        browser.post("/signup/", WHO | {"email": DANA, "password": f"a stranger's {number} passphrase"})
        browser.post("/contact/", {"email": DANA, "message": "hello"})
        browser.post("/resend/", {"email": DANA})
    sweep_often()
    before = len(arrived(mail))
    assert "Choose a new password" not in subjects(mail, DANA)
    Client().post("/password/reset/", {"email": DANA})
    sweep_often()
    assert subjects(mail, DANA)[-1] == "Choose a new password"
    assert len(arrived(mail)) == before + 1 <= 6


def test_what_is_over_the_limit_waits_and_is_not_lost(world):
    mail = world[0]
    for number in range(5):
        stranger(number).post("/signup/", WHO | {"email": f"dana+{number}@acme.example"})
    sweep_often()
    first = len(arrived(mail))
    assert first == 2
    waiting = Step.objects.filter(kind="welcome_email", state=State.OPEN)
    assert {(step.attempts, step.error, step.leased) for step in waiting} == {(0, "", False)}
    assert Attempt.objects.filter(step__in=waiting).count() == 0
    for _hour in range(1, 5):
        an_hour_later()
        sweep_often()
    assert sorted(letter["To"] for letter in arrived(mail)) == [f"dana+{number}@acme.example" for number in range(5)]
    assert not waiting.all().exists()


def test_who_waits_is_told_nothing_that_a_taken_address_would_not_be_told(world):
    for number in range(5):
        stranger(number).post("/signup/", WHO | {"email": f"dana+{number}@acme.example"})
    sweep_often()
    Person.create(email="dana+taken@acme.example", status=Status.ACTIVE, asked_at=None)
    pages = []
    for address in ("dana+free@acme.example", "dana+taken@acme.example"):
        browser = Client()
        browser.post("/signup/", WHO | {"email": address, "password": "another long passphrase"})
        sweep_often()
        pages.append(browser.get("/arriving/?part=1").content.decode().replace(address, "ADDRESS"))
    assert "Our email to ADDRESS hasn't gone out yet" in pages[0]
    letter_lines = [[line for line in page.splitlines() if "ADDRESS" in line] for page in pages]
    assert letter_lines[0] == letter_lines[1]
    assert "We'll try again at" not in pages[0]


def test_a_letter_that_waits_does_not_end_the_link_in_the_mailbox(world):
    mail = world[0]
    Person.create(email=DANA, status=Status.ACTIVE, asked_at=None)
    for _ in range(8):
        Client().post("/password/reset/", {"email": DANA})
        sweep()
        Step.objects.filter(kind="letter.reset", state=State.DONE).update(done_at=F("done_at") - HOUR)
    assert len(mail.to(DANA)) == 4
    assert Client().get(newest_reset(mail)).status_code == 200


def test_the_desk_is_not_held_back(world):
    mail, jordan = world[0], Supporter.create()
    dana = Person.create(email=DANA, status=Status.CREATED, asked_at=None)
    everybody_asks()
    before = len(arrived(mail))
    actions.vouch(dana, jordan, "on the phone", dana.pk)
    ticket = Ticket.objects.filter(email=DANA, closed_at=None).first() or Ticket.objects.create(
        account=dana, email=DANA, why=Ticket.Why.WROTE
    )
    actions.reply(ticket, jordan, "It works now.", "", dana.pk, then_close=False)
    Letter.objects.update(due_at=Now())  # the seconds for an undo have passed
    sweep_often()
    assert len(arrived(mail)) == before + 2
    actions.correct_address(dana, jordan, "on the phone", "dana+work@acme.example")
    sweep_often()
    assert len(arrived(mail)) == before + 3


def test_the_desk_hurries_what_waits(world):
    mail, jordan = world[0], Supporter.create()
    dana = Person.create(email=DANA, status=Status.ACTIVE, asked_at=None)
    for _ in range(4):
        rate_limit.stamp(rate_limit.Letter(uuid4(), DANA, "taken"))
    stranger(9).post("/signup/", WHO | {"email": DANA, "password": "a stranger's passphrase"})
    sweep_often()
    assert Step.objects.get(account=dana, kind="letter.already_here").state == State.OPEN
    actions.send_link(dana, jordan, "she rang", dana.pk)
    sweep_often()
    assert subjects(mail, DANA) == ["You already have an account with Arrivals"]


def test_letters_to_staff_are_not_counted(world):
    for number in range(9):
        Letter.objects.create(to="support@localhost", subject="x", body="x", occasion=f"{number}")
    sweep_often()
    assert len(world[0].to("support@localhost")) == 9 and not Postmark.objects.exists()


def test_a_letter_that_is_tried_again_is_counted_once(world):
    mail = world[0]
    mail.mode = "4xx"
    Person.create(email=DANA)
    for _ in range(3):
        sweep()
        Step.objects.update(due_at=Now())
    assert Postmark.objects.count() == 1
    mail.mode = "ok"
    Dependency.objects.all().delete()
    sweep()
    assert len(arrived(mail)) == 1 and Postmark.objects.count() == 1


def test_held_letters_do_not_prolong_an_outage(world):
    """A probe that turns out to have to wait says nothing; the next one goes at once."""
    mail = world[0]
    for number in range(6):
        stranger(number).post("/signup/", WHO | {"email": f"dana+{number}@acme.example"})
        stranger(number).post("/contact/", {"email": f"dana+x{number}@acme.example", "message": "hello"})
    sweep_often()
    assert Letter.objects.filter(sent_at=None, error="", attempts=0).count() == 6
    Step.objects.filter(state=State.OPEN).update(due_at=Now())
    Letter.objects.filter(sent_at=None).update(due_at=Now())
    Dependency.objects.filter(name="mail").update(broken=True, probe_at=Now())
    Person.create(email="bo@lund.example")
    sweep_often()
    assert not circuit_breaker.is_broken("mail")
    sweep_often()
    assert len(mail.to("bo@lund.example")) == 1


def test_ordinary_people_never_meet_it(world):
    """Whoever has a plus in the address, and asks for each letter once."""
    address, mail = "dana.sommer+arrivals@gmail.com", world[0]
    browser = Client()
    browser.post("/signup/", WHO | {"email": address})
    sweep_often(2)
    browser.post("/resend/", {"email": address})
    sweep_often(2)
    browser.post("/password/reset/", {"email": address})
    sweep_often(2)
    assert len(mail.to(address)) == 3
    assert Account.objects.get(email=address).status == Status.ACTIVE and PASSWORD


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("dana@acme.example", "dana@acme.example"),
        ("Dana+news+x@Acme.example", "dana@acme.example"),
        ("+dana@acme.example", "+dana@acme.example"),
        ("da.na@acme.example", "da.na@acme.example"),
        ("d.a.n.a+x@googlemail.com", "dana@gmail.com"),
        ('"dana"@acme.example', "dana@acme.example"),
        ('"da\\na+x"@acme.example', "dana@acme.example"),
        ("nonsense", "@nonsense"),
    ],
)
def test_one_mailbox_has_many_addresses(address, mailbox):
    assert mailbox_of(address) == mailbox


def test_no_address_is_kept_and_old_marks_go(world):
    Person.create(email=DANA)
    sweep()
    assert DANA not in str(list(Postmark.objects.values()))
    Postmark.objects.update(at=F("at") - 2 * HOUR)
    rate_limit.forget_old()
    assert not Postmark.objects.exists()
