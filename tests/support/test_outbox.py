"""The desk's letters go by the road of all letters: one rule for 4xx, 5xx and silence, and one breaker."""

from datetime import timedelta
from html import unescape

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.database.clock import database_now
from provisioning.engine import circuit_breaker
from provisioning.engine.claim import Result
from provisioning.engine.loop import ENGINE
from provisioning.exceptions import Held, StepFailed
from provisioning.models import Dependency
from provisioning.sweep import anything_due
from support.incidents.detection import join
from support.models import Affected, Desk, Incident, Letter, Promise, Ticket
from support.tickets import outbox, queue
from tests.people import Person, Supporter
from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def written(to="dana@acme.example", **more):
    outbox.write(to, "Your message", "What I wrote by hand.", f"reply {to}", automatic=False, **more)
    return Letter.objects.get(to=to)


def again(letter):
    letter.refresh_from_db()
    return letter


def test_a_letter_goes_out_once(mail):  # noqa: F811
    letter = written()
    ENGINE.run()
    ENGINE.run()
    assert len(mail.received) == 1 and again(letter).sent_at


@pytest.mark.parametrize("mode", ["4xx", "mute", "drop"])
def test_what_may_pass_is_tried_again_until_the_tries_are_spent(mail, settings, mode):  # noqa: F811
    settings.SETUP_RETRY_SECONDS, settings.SETUP_GIVE_UP_AFTER = [600], 3
    mail.mode, settings.EMAIL_TIMEOUT = mode, 0.5
    letter = written()
    ENGINE.run()
    assert (again(letter).attempts, letter.sent_at, letter.given_up_at) == (1, None, None)
    assert letter.error
    waits = (letter.due_at - Letter.objects.annotate(now=Now()).get().now).total_seconds()
    assert 290 < waits <= 600, "it waits as a step does"
    ENGINE.run()
    assert again(letter).attempts == 1
    for _ in range(2):
        Letter.objects.update(due_at=Now())
        ENGINE.run()
    assert again(letter).attempts == 3 and letter.given_up_at


def test_a_late_failure_of_an_older_claim_says_nothing(mail):  # noqa: F811
    """A try that does not count lowers the number of tries; the claim is told by what only ever rises."""
    letter = written()
    [older] = outbox.OUTBOX.claim("mail", 1, False)
    Letter.objects.update(due_at=Now())  # its lease lapsed
    [newer] = outbox.OUTBOX.claim("mail", 1, False)
    outbox.OUTBOX.settle(
        [Result(newer, 0, failure=Held("its turn comes later", database_now() + timedelta(hours=1)))]
    )
    assert again(letter).attempts == older.attempts
    outbox.OUTBOX.settle([Result(older, 0, failure=StepFailed("refused for good", permanent=True))])
    assert not again(letter).given_up_at and not letter.error


def test_a_refused_answer_stands_at_the_desk_and_is_owed_still(mail):  # noqa: F811
    dana = Person.create(email="dana@acme.example")
    ticket = Ticket.objects.create(account=dana, email=dana.email, why="wrote")
    Promise.objects.create(
        ticket=ticket, account=dana, email=dana.email, made_at=Now(), due=Now() + timedelta(days=1)
    )
    letter = written(ticket=ticket)
    queue.close(ticket, "Answered.")
    Promise.objects.update(kept_at=Now())
    mail.bad_rcpt("dana@acme.example")
    ENGINE.run()
    assert again(letter).given_up_at and letter.attempts == 1
    ticket.refresh_from_db()
    assert ticket.closed_at is None
    assert Promise.objects.get().kept_at is None
    client = Client()
    client.force_login(Supporter.create())
    page = unescape(client.get(reverse("admin:index")).content.decode())
    assert "couldn't be sent" in page and "What I wrote by hand." in page and "no such mailbox here" in page


@pytest.mark.parametrize("to", ["dana@acme\u200e.example", "a b@c", "@", "a@xn--\u00fc"])
def test_an_address_that_no_letter_can_carry_holds_nobody_up(mail, to):  # noqa: F811
    bad, good = written(to), written("good@acme.example")
    ENGINE.run()
    assert again(good).sent_at
    assert again(bad).sent_at or again(bad).given_up_at


def test_letters_of_the_desk_open_the_breaker_and_wait_for_it(mail):  # noqa: F811
    mail.mode = "4xx"
    letters = [written(f"p{n}@acme{n}.example") for n in range(3)]
    ENGINE.run()
    assert circuit_breaker.broken_now().keys() == {"mail"}
    assert {again(letter).attempts for letter in letters} <= {0, 1}
    written("late@acme.example")
    before = mail.connections
    ENGINE.run()
    assert mail.connections == before, "nobody goes while it is down"
    mail.mode = "ok"
    Letter.objects.update(due_at=Now())
    Dependency.objects.update(probe_at=Now())
    ENGINE.run()
    assert not circuit_breaker.broken_now()


def test_what_was_written_by_hand_goes_first(mail, settings):  # noqa: F811
    settings.SETUP_THREADS = 1
    for n in range(20):
        outbox.write(f"s{n}@acme.example", "Your message", "automatic", f"stranger {n}")
    written()
    ENGINE.run()
    assert mail.received[0].recipients == ("dana@acme.example",)
    assert len(mail.received) == 21


def test_one_that_would_be_untrue_by_now_is_left_unsent(mail):  # noqa: F811
    letter = written(not_after=Now() - timedelta(seconds=1))
    ENGINE.run()
    assert not mail.received and again(letter).attempts == 0


def test_desk_and_owner_are_told_what_to_mend_when_it_is_we_who_are_refused():
    Desk.objects.update_or_create(pk=1, defaults={"wake_at_night": True})  # whatever the hour of this test
    incident = Incident.objects.create(dependency="mail", failure="refuses us", error="550 no", began_at=Now())
    Affected.objects.create(incident=incident, account=Person.create())
    incident.refresh_from_db()
    join(incident)
    join(incident)
    told = {letter.to.partition("@")[0]: letter.body for letter in Letter.objects.all()}
    assert told.keys() == {"support", "owner"}
    assert all("it's refusing us and not their addresses" in body for body in told.values())
    client = Client()
    client.force_login(Supporter.create())
    assert "To fix:" in client.get(reverse("admin:index")).content.decode()


def test_a_letter_alone_wakes_the_engine(mail):  # noqa: F811
    assert not anything_due()
    written()
    assert anything_due()
