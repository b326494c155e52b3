"""The waiting room asks for what is due now: best effort, bounded, and never in the request itself."""

import pytest
from celery import current_app
from django.db.models.functions import Now

from accounts.status import Status
from provisioning import dispatch, tasks
from provisioning.intake.pickup import pick_up, tickets_of
from provisioning.models import Heartbeat, Step
from provisioning.sweep import beat, sweep
from stage.processes import wait_until
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_suspects_the_broker(monkeypatch):
    monkeypatch.setattr(dispatch, "_suspect_until", 0.0)


def waiting() -> int:
    """How many messages are in the broker's queue."""
    with current_app.connection_for_read() as connection:
        return connection.default_channel.client.llen("work")


@pytest.fixture
def broker():
    with current_app.connection_for_write() as connection:
        connection.default_channel.client.flushdb()
    return waiting


def test_it_leaves_a_ticket_once_and_not_again_for_a_while(world, broker):
    dana = Person.create()
    for _ in range(3):
        dispatch.kick(dana)
    assert broker() == 1


def test_a_ticket_does_the_work(world, broker):
    dana = Person.create()
    dispatch.kick(dana)
    tasks.look_after(str(dana.pk))
    assert tasks.ENGINE.wait(10)
    dana.refresh_from_db()
    assert dana.status == Status.ACTIVE


def test_nothing_is_begun_for_who_has_arrived(world):
    mail, workspaces = world
    dana = Person.create()
    sweep()
    before = len(mail.received), len(workspaces.requests)
    tasks.look_after(str(dana.pk))
    assert tasks.ENGINE.wait(10)
    assert (len(mail.received), len(workspaces.requests)) == before


def test_a_page_asks_for_the_same_whether_something_is_due_or_not(world, broker, django_assert_num_queries):
    arrived = Person.create()
    sweep()
    before = waiting()  # the sweep asks for the day's audit
    for dana in (arrived, Person.create()):
        with django_assert_num_queries(1):
            dispatch.kick(dana)
    assert broker() == before + 2


def test_who_looks_comes_first(world):
    first, dana = Person.create(), Person.create()
    pick_up()
    tickets = tickets_of(dana.pk)
    assert {pk for pk, _epoch in tickets} == set(Step.objects.filter(account=dana).values_list("pk", flat=True))
    order = Step.objects.order_by("due_at").values_list("account", flat=True)
    assert list(order)[:2] == [dana.pk] * 2 and set(list(order)[2:]) == {first.pk}


def test_a_heart_that_beats(world):
    assert dispatch.sweep_is_stale()
    beat("sweep")
    assert not dispatch.sweep_is_stale()
    Heartbeat.objects.update(at=Now() - dispatch.STALE_AFTER * 2)
    assert dispatch.sweep_is_stale()


@pytest.mark.slice
def test_without_a_sweep_the_page_pays_a_little_itself(world, broker):
    dana = Person.create()
    dispatch.kick(dana)
    wait_until(lambda: not dispatch._slice.locked() and not tasks.ENGINE.is_awake, 30, "the slice")
    dana.refresh_from_db()
    assert dana.status == Status.ACTIVE
    assert not dispatch.sweep_is_stale()
