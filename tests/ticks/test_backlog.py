"""Twelve hours of ticks without a worker, then one: the newcomer is served first."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from celery import current_app

from accounts.models import Account
from accounts.status import Status
from provisioning import tasks
from provisioning.beat import MOST_TICKS, Scheduler
from provisioning.kinds import setup_kinds
from provisioning.models import Heartbeat, State, Step
from stage.processes import wait_until
from tests.people import Person
from tests.ticks.processes import worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("processes")]

TWELVE_HOURS = 21_600


def a_tick(queues) -> dict:
    """As the beat has put it into its queue."""
    scheduler = Scheduler(app=current_app)
    scheduler.apply_async(scheduler.schedule["sweep"])
    return json.loads(queues.lpop("celery"))


def many(tick: dict, expires: bool) -> Iterator[str]:
    began = datetime.now(UTC) - timedelta(seconds=2 * TWELVE_HOURS)
    for number in range(TWELVE_HOURS):
        until = (began + timedelta(seconds=2 * number)).isoformat() if expires else None
        headers = tick["headers"] | {"id": str(uuid4()), "expires": until}
        properties = tick["properties"] | {"delivery_tag": str(uuid4()), "correlation_id": headers["id"]}
        yield json.dumps(tick | {"headers": headers, "properties": properties})


def test_a_tick_says_how_long_it_is_worth_something(queues, settings):
    until = datetime.fromisoformat(a_tick(queues)["headers"]["expires"])
    assert abs(until - datetime.now(UTC)) <= timedelta(seconds=settings.SWEEP_SECONDS)


def test_work_has_a_queue_of_its_own(queues):
    tasks.drain.apply_async(expires=10)
    tasks.run_step.apply_async([[]], expires=10)
    assert queues.llen("work") == 2 and not queues.llen("celery")


def test_the_queue_of_ticks_does_not_grow_without_a_worker(queues):
    tick = a_tick(queues)
    queues.lpush("celery", *list(many(tick, expires=True))[: 3 * MOST_TICKS])
    scheduler = Scheduler(app=current_app)
    scheduler.apply_async(scheduler.schedule["sweep"])
    assert queues.llen("celery") == MOST_TICKS
    newest = json.loads(queues.lindex("celery", 0))["headers"]["expires"]
    assert datetime.fromisoformat(newest) > datetime.now(UTC), "the oldest go"


@pytest.mark.parametrize("expires", [True, False], ids=["expired", "of an older release"])
def test_a_newcomer_is_served_before_the_backlog(queues, tmp_path, expires):
    queues.lpush("celery", *many(a_tick(queues), expires))
    dana = Person.create()
    with worker(tmp_path) as running:
        running.wait_until(lambda: queues.llen("celery") < TWELVE_HOURS, 60, "the worker to begin")
        begun = datetime.now(UTC)
        running.wait_until(lambda: is_active(dana), 10, "dana to be ACTIVE")
        left, waited = queues.llen("celery"), datetime.now(UTC) - begun
        robin = Person.create()
        running.wait_until(lambda: is_active(robin), 10, "robin, who came later")
    print(f"ACTIVE {waited.total_seconds():.1f} s after the worker began, {left} ticks left")
    assert left > TWELVE_HOURS / 2, "it was the backlog that waited"


def is_active(person: Account) -> bool:
    return Account.objects.filter(pk=person.pk, status=Status.ACTIVE).exists()


def test_of_many_ticks_at_once_one_sweeps(queues):
    for _ in range(3):
        tasks.sweep_()
    first = Heartbeat.objects.get(name="sweep").at
    tasks.sweep_()
    assert Heartbeat.objects.get(name="sweep").at == first


def test_a_worker_whose_clock_is_wrong_sweeps(queues, tmp_path):
    """By its clock every tick comes too late."""
    tick = a_tick(queues)
    for message in list(many(tick, expires=True))[:50]:
        queues.lpush("celery", message)
    with worker(tmp_path):
        wait_until(lambda: Heartbeat.objects.filter(name="sweep").exists(), 60, "a sweep")
        wait_until(lambda: not queues.llen("celery"), 60, "the rest to be dropped")
        swept = Heartbeat.objects.get(name="sweep").at
        wait_until(lambda: push_late(queues, tick) and Heartbeat.objects.get(name="sweep").at > swept, 30, "another")


def push_late(queues, tick: dict) -> int:
    return queues.lpush("celery", next(many(tick, expires=True)))


rooms: list[str] = []


def another_room():
    """Comes after the one that picks people up, and takes its time."""
    wait_until(lambda: Step.objects.filter(kind="workspace", state=State.DONE).exists(), 30, "the newcomer")
    rooms.append("done")


def test_no_room_waits_for_another(settings, queues):
    settings.SWEEPS = ["provisioning.sweep.fetch", f"{__name__}.another_room"]
    settings.SETUP_STEPS = ["workspace"]
    setup_kinds.cache_clear()
    rooms.clear()
    Person.create()
    tasks.sweep_()
    assert rooms == ["done"]
    assert tasks.ENGINE.wait(30)
    setup_kinds.cache_clear()
