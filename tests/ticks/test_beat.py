"""The beat goes on, whatever a clock or a row of its table says."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection, transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from provisioning.beat import Scheduler
from provisioning.models import Fault
from stage import Process
from tests.ticks.processes import beat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("processes")]

AHEAD = [timedelta(minutes=10), timedelta(days=1)]
FAKETIME = next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
needs_faketime = pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")


def ticks(running: Process, queues, number: int = 2) -> None:
    queues.delete("celery")
    running.wait_until(lambda: queues.llen("celery") >= number, 60, f"{number} ticks")


def sweep_row() -> PeriodicTask:
    return PeriodicTask.objects.get(name="sweep")


def an_older_release_was_here(**row) -> PeriodicTask:
    every = IntervalSchedule.objects.create(every=2, period="seconds")
    return PeriodicTask.objects.create(name="sweep", task="provisioning.sweep", interval=every, **row)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_last_run_in_the_future_is_not_believed(queues, tmp_path, ahead):
    an_older_release_was_here(last_run_at=timezone.now() + ahead)
    with beat(tmp_path) as running:
        ticks(running, queues)
    assert sweep_row().last_run_at <= timezone.now()
    assert sweep_row().expire_seconds == 2, "what the older release had left out"


@needs_faketime
@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_beat_whose_clock_was_ahead_and_is_put_right(queues, tmp_path, ahead):
    wrong = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"+{int(ahead.total_seconds())}s"}
    with beat(tmp_path, **wrong) as running:
        ticks(running, queues)
    assert sweep_row().last_run_at > timezone.now() + ahead / 2, "it did run ahead"
    with beat(tmp_path) as running:
        ticks(running, queues)


@needs_faketime
@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_clock_put_back_while_the_beat_runs(queues, tmp_path, ahead):
    clock = tmp_path / "clock"
    clock.write_text(f"+{int(ahead.total_seconds())}s")
    shifted = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    shifted |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    with beat(tmp_path, module="tests.ticks.plain_sleep", **shifted) as running:
        ticks(running, queues)
        clock.write_text("+0s")
        time.sleep(1.5)  # the pause it may have been in
        ticks(running, queues)


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
CHANGES = "django_celery_beat_periodictasks"


def some_wait() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


def test_a_beat_that_is_stopped_in_the_middle_of_a_query_ends(queues, tmp_path):
    with beat(tmp_path) as running:
        ticks(running, queues)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {CHANGES} IN ACCESS EXCLUSIVE MODE")
            running.wait_until(some_wait, 60, "its question whether the schedule has changed")
            running.terminate()
            assert running.wait(60) == 0
    assert sweep_row().total_run_count >= 2, "what it had done is noted"


ZONE = "UPDATE django_celery_beat_crontabschedule SET minute = %s, timezone = %s"
POISON: dict[str, dict] = {
    "arguments": {"args": "[1,"},
    "arguments of another kind": {"args": "5"},
    "headers": {"headers": '["a"]'},
    "no pause": {"every": 0},
    "less than no pause": {"every": -5},
    "too long a pause": {"every": 2**31 - 1, "period": "days"},
    "unknown period": {"period": "fortnights"},
    "crontab": {"minute": "never"},
    "time zone": {"zone": "Mars/Olympus"},
    "no schedule": {"interval": None},
    "two schedules": {"minute": "*"},
}


def poison(every=1, period="seconds", minute="", zone="", **row) -> PeriodicTask:
    """By updates, as no form would let it through."""
    plain = IntervalSchedule.objects.create(every=1, period="seconds")
    made = PeriodicTask.objects.create(name="poisoned", task="provisioning.nothing", interval=plain)
    IntervalSchedule.objects.filter(pk=plain.pk).update(every=every, period=period)
    if minute or zone:
        row |= {"crontab": CrontabSchedule.objects.create()} | ({} if minute == "*" else {"interval": None})
    with connection.cursor() as cursor:
        cursor.execute(ZONE, [minute or "*", zone or "UTC"])
    PeriodicTask.objects.filter(pk=made.pk).update(**row)
    PeriodicTasks.update_changed()
    return made


def goes_on(scheduler: Scheduler, queues) -> None:
    """This beat, turned by hand, puts its next tick into the queue."""
    queues.delete("celery")
    until = time.monotonic() + 20
    while not queues.llen("celery") and time.monotonic() < until:
        time.sleep(max(0, min(scheduler.tick(), 0.2)))
    assert queues.llen("celery")


@pytest.mark.parametrize("row", POISON.values(), ids=POISON)
def test_a_row_that_cannot_be_read_stops_nothing(queues, row):
    running = Scheduler(app=current_app)
    goes_on(running, queues)
    made = poison(**row)
    goes_on(running, queues)
    running.sync()
    goes_on(Scheduler(app=current_app), queues)
    if row != POISON["two schedules"]:
        assert Fault.objects.filter(table="django_celery_beat.PeriodicTask", row=str(made.pk)).exists()


def test_all_such_rows_at_once_and_an_unknown_task(queues, tmp_path):
    for number, row in enumerate(POISON.values()):
        PeriodicTask.objects.filter(pk=poison(**row).pk).update(name=f"poisoned {number}")
    poison()
    with beat(tmp_path) as running:
        ticks(running, queues, 3)


def disable() -> None:
    PeriodicTask.objects.filter(name="sweep").update(enabled=False)


def delete() -> None:
    PeriodicTask.objects.filter(name="sweep").delete()


def postpone() -> None:
    PeriodicTask.objects.filter(name="sweep").update(start_time=timezone.now() + timedelta(days=1))


def let_it_expire() -> None:
    PeriodicTask.objects.filter(name="sweep").update(expires=timezone.now() - timedelta(days=1))


def make_it_rare() -> None:
    IntervalSchedule.objects.update(every=86400)


def break_it() -> None:
    PeriodicTask.objects.filter(name="sweep").update(args="[", headers="[", one_off=True, total_run_count=5)


@pytest.mark.parametrize("by_hand", [disable, delete, postpone, let_it_expire, make_it_rare, break_it])
def test_whatever_is_done_to_the_row_of_the_sweep(queues, by_hand):
    running = Scheduler(app=current_app)
    by_hand()
    PeriodicTasks.update_changed()
    goes_on(running, queues)
    by_hand()
    goes_on(Scheduler(app=current_app), queues)
    row = sweep_row()
    assert (row.enabled, row.start_time, row.expires, row.interval.every) == (True, None, None, 2)


def test_a_beat_reads_again_what_was_put_right(transactional_db):
    made = poison(args="[1,")
    scheduler = Scheduler(app=current_app)
    assert "poisoned" not in scheduler.schedule and Fault.objects.exists()
    PeriodicTask.objects.filter(pk=made.pk).update(args="[1]", enabled=True)
    assert "poisoned" in scheduler.all_as_schedule() and not Fault.objects.exists()
