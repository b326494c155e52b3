"""“Delete everything” at any moment: a dump afterwards holds nothing of them, no letter leaves, and the room goes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Event, EventKind, Voice
from accounts.profile.deletion import delete_everything
from accounts.status import Status
from provisioning.engine.loop import ENGINE
from provisioning.errands.source import ERRANDS
from provisioning.errands.workspaces import fetch_changes
from provisioning.intake.outbox import owe_letter
from provisioning.models import Dependency, Errand, Outage, State, Step, Workspace
from provisioning.sweep import drain, fetch_everywhere, sweep
from provisioning.workspaces import list_workspaces
from stage.processes import wait_until
from support.models import InboundMail, Incident, Message, Ticket
from support.tickets.intake import take
from tests.edges.dump import everything, places_of
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, NAME, COMPANY, PHONE = "dana.lund@kranich.example", "Dana Lundqvist", "Kranichwerke", "+49 40 7312990"
WORDS = "Where on earth is my Zeppelin workspace?"
TRACES = (EMAIL, "dana.lund", "kranich", "Lundqvist", "7312990", "Zeppelin")


def dana(**facts) -> Account:
    return Person.create(
        **{"email": EMAIL, "name": NAME, "company": COMPANY, "phone": PHONE, "mailbox_proven_at": Now()} | facts
    )


def later() -> None:
    Errand.objects.filter(state=State.OPEN).update(due_at=Now() - timedelta(seconds=1), held=False)
    Step.objects.owed().filter(leased=False).update(due_at=Now() - timedelta(seconds=1))
    Dependency.objects.update(probe_at=Now() - timedelta(seconds=1))


def until_it_settles() -> None:
    for _ in range(4):
        later()
        sweep()


def assert_nothing_is_left(world, account_id, letters: int) -> None:
    mail, workspaces, receiver = world
    assert places_of(*TRACES) == {}
    until_it_settles()
    assert places_of(*TRACES) == {}
    assert len(mail.letters) == letters
    assert str(account_id) not in workspaces.workspaces and str(account_id) not in set(list_workspaces())
    assert receiver.told[-1] == ("account.deleted", str(account_id))
    assert {state for (state,) in Errand.objects.values_list("state")} == {State.DONE}


def test_the_dump_would_see_them(world):
    """So that the tests below cannot pass by looking nowhere."""
    dana()
    take(EMAIL, WORDS)
    found = places_of(*TRACES)
    assert set(found) == set(TRACES)
    assert "accounts_account.email" in found[EMAIL] and "support_message.body" in found["Zeppelin"]
    sweep()
    assert len({place.split(".")[0] for place, _ in everything()}) > 12


@pytest.mark.parametrize("swept", [0, 1, 2], ids=["before any sweep", "fetched", "all done"])
def test_between_contact_and_sweep(world, swept):
    mail, *_ = world
    account = dana()
    if swept == 1:
        fetch_everywhere()
    if swept == 2:
        sweep()
    take(EMAIL, WORDS)
    letters = len(mail.letters)
    assert delete_everything(account)
    assert_nothing_is_left(world, account.pk, letters)


def test_after_a_ticket_and_everything_that_they_changed(world):
    mail, workspaces, _receiver = world
    workspaces.mode = "4xx"
    account = dana()
    sweep()
    take(EMAIL, WORDS)
    fetch_everywhere()
    Message.objects.update(read_at=Now() - timedelta(minutes=5))
    fetch_everywhere()
    drain()
    assert Account.objects.get().status == Status.FAILED and Ticket.objects.exists()
    workspaces.mode = "ok"
    letters = len(mail.letters)
    assert delete_everything(account)
    assert_nothing_is_left(world, account.pk, letters)


def test_with_letters_in_hand(world):
    mail, *_ = world
    account = dana()
    sweep()
    for kind in ("letter.reset", "letter.password_changed", "letter.ready"):
        owe_letter(account.pk, kind, "a test", {"to": EMAIL})
    letters = len(mail.letters)
    assert delete_everything(account)
    assert_nothing_is_left(world, account.pk, letters)


def test_while_its_workspace_is_being_made(world, monkeypatch):
    """The call is under way: whatever it makes is ended after it, also if its reply comes late."""
    _mail, workspaces, _receiver = world
    workspaces.delay = 0.5
    workspaces.mode = "slow"
    account = dana()
    fetch_everywhere()
    ENGINE.wake(5)
    workspaces.wait_for_requests(1)
    letters = 0
    assert delete_everything(account)
    assert ENGINE.wait(30)
    workspaces.mode = "ok"
    errand = Errand.objects.annotate(now=Now()).get(kind="workspace.delete")
    assert errand.due_at > errand.now, "it waits for what is under way"
    assert str(account.pk) in workspaces.workspaces
    letters = len(world[0].letters)
    assert_nothing_is_left(world, account.pk, letters)


def test_while_a_letter_is_being_handed_over(world):
    mail, *_ = world
    account = dana()
    sweep()
    mail.delay = 0.5
    mail.mode = "slow"
    owe_letter(account.pk, "letter.reset", "a test")
    before = mail.connections
    ENGINE.wake(5)
    wait_until(lambda: mail.connections > before, 10, "the letter to be under way")
    assert delete_everything(account)
    assert ENGINE.wait(30)
    mail.mode = "ok"
    assert_nothing_is_left(world, account.pk, len(mail.letters))


@pytest.mark.parametrize("mode", ["refused", "503", "drop", "redirect", "429", "4xx"])
def test_with_the_workspace_service_down(world, mode):
    mail, workspaces, _receiver = world
    account = dana()
    sweep()
    assert str(account.pk) in workspaces.workspaces
    workspaces.mode = mode
    letters = len(mail.letters)
    assert delete_everything(account)
    until_it_settles()
    assert Errand.objects.get(kind="workspace.delete").state == State.OPEN
    assert not Workspace.objects.exists() and places_of(*TRACES) == {}
    workspaces.mode = "ok"
    assert_nothing_is_left(world, account.pk, letters)


def test_a_workspace_whose_reply_was_lost_goes_too(world):
    """We know of none, and it is there."""
    mail, workspaces, _receiver = world
    workspaces.mode = "reply_lost"
    account = dana()
    sweep()
    assert str(account.pk) in workspaces.workspaces and not Workspace.objects.exists()
    Step.objects.update(attempts=0)  # as in an outage, which spends none
    workspaces.mode = "ok"
    letters = len(mail.letters)
    assert delete_everything(account)
    assert_nothing_is_left(world, account.pk, letters)


def test_what_a_service_said_of_them_goes_with_them(world):
    """A refusal repeats the address or the company: in steps, errands, outages and faults."""
    _mail, workspaces, _receiver = world
    said = f'{{"error": "{EMAIL.upper()} of {COMPANY} is no customer"}}'.encode()
    workspaces.raw = b"HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
    workspaces.mode = "raw"
    theirs = [dana(), *(dana(email=f"{number}{EMAIL}") for number in range(3))]
    sweep()
    sweep()
    workspaces.mode = "ok"
    assert Outage.objects.exists() and Incident.objects.exists()
    for account in theirs:
        assert delete_everything(account)
    assert places_of(*TRACES) == {}
    assert Outage.objects.get().error == "the workspace service said 503 (deleted) of (deleted) is no customer"


def test_the_mail_that_they_wrote_goes_with_what_was_read_of_it(world):
    account = dana()
    posted = f'{{"From": "{EMAIL}", "TextBody": "{WORDS}"}}'.encode()
    mail = InboundMail.objects.create(hook="postmark/inbound/", posted=posted, digest="1", read_at=Now())
    Message.objects.create(email=EMAIL, account=account, body=WORDS, whole=WORDS, mail=mail)
    others = InboundMail.objects.create(hook="postmark/inbound/", posted=b"{}", digest="2", read_at=Now())
    assert delete_everything(account)
    assert places_of(*TRACES) == {}
    assert InboundMail.objects.get() == others


def test_the_page_does_the_same_and_ends_every_session(world):
    mail, *_ = world
    account = dana()
    sweep()
    for _browser in range(2):
        browser = Client()
        browser.post(reverse("login"), {"email": EMAIL, "password": PASSWORD})
    assert browser.post(reverse("delete"), {"password": PASSWORD}).status_code == 302
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)
    assert_nothing_is_left(world, account.pk, len(mail.letters))


def test_details_that_were_put_right_reach_the_workspace(world):
    _mail, workspaces, _receiver = world
    account = dana()
    sweep()
    browser = Client()
    browser.force_login(account)
    answer = browser.post(
        reverse("own"), {"name": "Dana L.", "company": "Lund & Co", "phone": PHONE, "language": "en", "zone": ""}
    )
    assert answer.status_code == 302
    fetch_changes()
    workspaces.script(["503", "ok"])
    drain()
    later()
    drain()
    kept = workspaces.workspaces[str(account.pk)]
    assert (kept["name"], kept["company"], kept["email"]) == ("Dana L.", "Lund & Co", EMAIL)
    keys = [request.headers["Idempotency-Key"] for request in workspaces.requests]
    assert len(keys) == 3 and len(set(keys)) == 2, "another key than when it was made, and one for both tries"
    assert workspaces.effects[str(account.pk)] == 1
    fetch_changes()
    assert Errand.objects.filter(kind="workspace.update").count() == 1


def test_the_end_waits_for_details_that_are_just_being_put_right(world):
    """A service would make anew what it is told of after the end."""
    _mail, workspaces, _receiver = world
    account = dana()
    sweep()
    Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.CHANGED_DETAILS, detail="company")
    fetch_changes()
    [update] = ERRANDS.claim("workspace", 5, False)
    assert delete_everything(account)
    assert ERRANDS.claim("workspace", 5, False) == []
    ERRANDS.settle([ERRANDS.perform(update)])
    later()
    drain()
    assert workspaces.workspaces == {} and places_of(*TRACES) == {}


def test_details_are_not_put_again_while_it_is_being_made(world):
    _mail, workspaces, _receiver = world
    workspaces.mode = "503"
    account = dana()
    sweep()
    Account.objects.filter(pk=account.pk).update(company="Lund & Co")
    Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.CHANGED_DETAILS, detail="company")
    Step.objects.filter(kind="workspace").update(leased=True)
    fetch_changes()
    drain()
    update = Errand.objects.get(kind="workspace.update")
    assert (update.state, update.attempts, update.error) == (State.OPEN, 0, "the workspace is just being made")
    Step.objects.filter(kind="workspace").update(leased=False)
    workspaces.mode = "ok"
    until_it_settles()
    assert workspaces.workspaces[str(account.pk)]["company"] == "Lund & Co"
    assert Errand.objects.get(kind="workspace.update").state == State.DONE


def test_a_service_that_is_no_longer_named_leaves_a_debt_that_says_so(world, settings):
    account = dana()
    sweep()
    settings.WORKSPACE_URL = "local:"
    delete_everything(account)
    drain()
    errand = Errand.objects.get(kind="workspace.delete")
    assert errand.state == State.OPEN and "names no service any more" in errand.error
