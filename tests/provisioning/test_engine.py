"""The threads that perform: what they have done is settled, what they have not begun is given back."""

from collections import Counter
from threading import Lock

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from provisioning.engine import Engine
from provisioning.journey import claim_due, give_back
from provisioning.models import State, Step
from provisioning.pickup import pick_up
from provisioning.steps import setup_kinds
from provisioning.sweep import drain
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

A_THING = f"{__name__}.a_thing"
CUT_EVERYBODY_ELSE_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
done: Counter[str] = Counter()
cut_at: set[int] = set()
_lock = Lock()


def a_thing(account, _key):
    """Something that must not be done twice. At some of them the database loses everybody's connection."""
    with _lock:
        done[account.email] += 1
        if done.total() in cut_at:
            with connection.cursor() as cursor:
                cursor.execute(CUT_EVERYBODY_ELSE_OFF)


@pytest.fixture
def crowd_of_forty(settings):
    settings.SETUP_STEPS, settings.SETUP_THREADS = [A_THING], 2
    setup_kinds.cache_clear()
    done.clear()
    cut_at.clear()
    Person.create_batch(40)
    pick_up()
    yield
    setup_kinds.cache_clear()


def drain_until_done() -> set[int]:
    """Returns those whose claim was cut between COMMIT and its answer: only their lease ends that."""
    lost: set[int] = set()
    for _ in range(50):
        try:
            if drain():
                continue
            undone = Step.objects.exclude(state=State.DONE)
            if not undone.exists():
                return lost
            lost.update(undone.filter(leased=True).values_list("pk", flat=True))
            undone.filter(leased=True).update(due_at=Now())
        except OperationalError:
            connection.close()
    raise AssertionError("it never ended", list(Step.objects.exclude(state=State.DONE).values()))


@pytest.mark.parametrize("cuts", [{1}, {2, 3}, {7}, {10, 20, 30}, {40}])
def test_a_connection_that_is_lost_repeats_nothing(crowd_of_forty, cuts):
    cut_at.update(cuts)
    lost = drain_until_done()
    assert set(done.values()) == {1} and len(done) == 40
    assert set(Step.objects.exclude(pk__in=lost).values_list("attempts", "epoch")) == {(1, 2)}
    assert len(lost) <= len(cuts) * 2 * 2


def test_a_claim_that_nobody_knows_of_ends_with_its_lease(crowd_of_forty):
    claim_due("a_thing", [A_THING], 3)
    assert len(drain_until_done()) == 3
    assert set(done.values()) == {1} and len(done) == 40


def test_what_has_not_begun_is_given_back(crowd_of_forty):
    engine = Engine()
    engine.close()
    engine.start(claim_due("a_thing", [A_THING], 10))
    engine.run()
    assert not done
    assert set(Step.objects.values_list("attempts", "epoch", "leased")) == {(0, 0, False)}
    assert Step.objects.filter(due_at__lte=Now()).count() == 40


def test_what_somebody_else_has_taken_is_not_given_back(crowd_of_forty):
    ours = claim_due("a_thing", [A_THING], 1)
    Step.objects.filter(pk=ours[0].pk).update(due_at=Now())  # the lease lapses
    [theirs] = [step for step in claim_due("a_thing", [A_THING], 40) if step.pk == ours[0].pk]
    give_back(ours)
    taken = Step.objects.get(pk=theirs.pk)
    assert (taken.epoch, taken.attempts, taken.leased) == (2, 2, True)
    give_back([theirs])
    taken.refresh_from_db()
    assert (taken.epoch, taken.attempts, taken.leased) == (1, 1, False)


def test_given_back_ticket_is_good_again(crowd_of_forty):
    """Its epoch is what it was, so that a ticket that is on its way still finds it."""
    [step] = claim_due("a_thing", [A_THING], 1)
    give_back([step])
    assert Step.objects.get(pk=step.pk).epoch == step.epoch - 1
