"""One outage is one thing: nobody's tries are spent, one probe goes at a time, and the crowd comes back slowly."""

from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from accounts.status import Status
from provisioning.engine import circuit_breaker
from provisioning.engine.circuit_breaker import FAILURES_TO_TRIP, RAMP_START, RAMP_TOP, Report, allowance, refill
from provisioning.engine.claim import claim_due
from provisioning.kinds import WELCOME
from provisioning.models import Attempt, Dependency, Outage, Outcome, State, Step
from provisioning.sweep import drain, fetch, sweep
from support.models import Ticket
from tests.people import Person

database = pytest.mark.django_db(transaction=True)


def failed(account_id=None):
    return Report(str(account_id or uuid4()), worked=False, failure="timeout", error="no answer")


def worked():
    return Report(str(uuid4()), worked=True)


def record(name, reports):
    """As settling does: within its transaction."""
    with transaction.atomic():
        circuit_breaker.record(name, reports, timezone.now())


def mail():
    return Dependency.objects.get(name="mail")


def time_passes():
    """Until the next probe, and until the next moment's tokens."""
    Dependency.objects.filter(broken=True).update(probe_at=Now())
    Dependency.objects.filter(rate__isnull=False).update(refilled_at=Now() - timedelta(seconds=1))


@database
@pytest.mark.parametrize("number", [1, FAILURES_TO_TRIP - 1, FAILURES_TO_TRIP, 300])
def test_it_takes_several_failures_of_several_people(number):
    for _ in range(number):
        record("mail", [failed()])
    assert mail().broken is (number >= FAILURES_TO_TRIP)
    assert Outage.objects.count() == (number >= FAILURES_TO_TRIP)


@database
def test_one_poisoned_account_cannot_trip_it():
    dana = uuid4()
    for _ in range(20):
        record("mail", [failed(dana)])
    assert not mail().broken


@database
def test_a_success_starts_the_count_anew():
    record("mail", [failed(), failed(), worked(), failed(), failed()])
    assert not mail().broken


@database
def test_a_crowd_of_racers_trips_it_once():
    def fail():
        record("mail", [failed(), failed(), failed()])
        connections.close_all()

    Dependency.objects.create(name="mail")
    threads = [Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Outage.objects.count() == 1


@database
def test_one_probe_an_interval_however_many_ask():
    record("mail", [failed(), failed(), failed()])
    granted = []

    def ask():
        granted.append(allowance("mail", 50))
        connections.close_all()

    assert allowance("mail", 50) == 0, "the first probe waits for its time"
    time_passes()
    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == [0] * 7 + [1]


@database
@pytest.mark.parametrize("later", [timedelta(milliseconds=1), timedelta(seconds=2)], ids=str)
def test_whose_question_is_older_than_the_probe_it_waited_for_gets_none(later):
    """Two ask at once: the second waits for the row, and finds it with a time that was still to come as it asked."""
    record("mail", [failed(), failed(), failed()])
    Dependency.objects.update(probe_at=Now() + circuit_breaker.PROBE_LIMIT + later)
    assert allowance("mail", 50) == 0


@database
def test_after_the_outage_the_rate_grows_while_clean_and_halves_on_a_failure():
    record("mail", [failed(), failed(), failed()])
    record("mail", [worked()])
    assert Outage.objects.get().ended_at
    assert allowance("mail", 500) == RAMP_START
    assert allowance("mail", 500) == 0, "the tokens of this second are spent"
    time_passes()
    assert 10 <= allowance("mail", 500) <= 16
    before = mail().rate
    record("mail", [failed()])
    assert mail().rate == pytest.approx(before / 2)


@database
def test_those_who_fail_by_themselves_do_not_slow_the_others_down():
    record("mail", [failed(), failed(), failed()])
    record("mail", [worked()])
    before = mail().rate
    record("mail", [Report(str(uuid4()), worked=False, failure="timeout", theirs=1) for _ in range(5)])
    assert mail().rate == before


@database
def test_the_probe_is_the_latest_of_those_who_never_failed():
    first, failed_before, last = (Person.create() for _ in range(3))
    fetch()
    for minutes, account in enumerate((last, failed_before, first)):
        steps = Step.objects.filter(account=account, kind=WELCOME)
        steps.update(due_at=Now() - timedelta(minutes=minutes + 1))
    Step.objects.filter(account=failed_before).update(failed_at=Now())
    order = []
    for _ in range(3):
        [step] = claim_due("mail", [WELCOME], 1, probe=True)
        order.append(step.account)
    assert order == [last, first, failed_before]


@given(st.floats(0.1, 900), st.floats(0, 900), st.floats(0, 1e6))
def test_refill_saves_up_one_second_at_most(rate, tokens, elapsed):
    grown, saved = refill(rate, tokens, elapsed)
    assert saved <= rate or saved == tokens
    assert grown is None or rate <= grown < RAMP_TOP


@database
def test_a_thousand_people_in_one_outage(world, settings):
    """One outage, no ticket, no try spent, and everybody ACTIVE after it without anybody's act."""
    server, _workspaces = world
    settings.EMAIL_TIMEOUT = 5
    server.mode = "4xx"
    Person.create_batch(1000)
    sweep()
    outage = Outage.objects.get()
    assert (outage.dependency_id, outage.ended_at) == ("mail", None)
    for _ in range(3):
        time_passes()
        probes = server.connections
        sweep()
        assert server.connections <= probes + 1
    letters = Step.objects.filter(kind="welcome_email")
    assert set(letters.values_list("state", flat=True)) == {State.OPEN}
    assert set(letters.values_list("attempts", flat=True)) == {0}
    assert Ticket.objects.count() == 0
    server.mode = "ok"
    for _ in range(40):
        time_passes()
        fetch()
        drain()
        if not Account.objects.exclude(status=Status.ACTIVE).exists():
            break
    assert not Account.objects.exclude(status=Status.ACTIVE).exists()
    assert Outage.objects.get().ended_at
    assert Ticket.objects.count() == 0
    people = [letter for letter in server.received if letter.recipients[0].endswith("@acme.example")]
    assert len(people) == 1000, "the desk had its own, of the incident"
    assert Attempt.objects.filter(outcome=Outcome.DONE, step__kind="welcome_email").count() == 1000


@database
def test_those_given_up_just_before_it_was_known_are_not_given_up(world, settings):
    server, _workspaces = world
    settings.SETUP_GIVE_UP_AFTER = 1
    settings.SETUP_THREADS = 1
    server.mode = "4xx"
    Person.create_batch(5)
    sweep()
    assert Outage.objects.count() == 1
    assert not Step.objects.filter(state=State.DEAD).exists()
    assert not Account.objects.filter(status=Status.FAILED).exists()
    assert circuit_breaker.broken_now().keys() == {"mail"}
