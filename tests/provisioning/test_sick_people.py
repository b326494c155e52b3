"""Some people whom a service refuses, among healthy newcomers: they end with a person, and nobody else waits."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as conf
from django.db import connection
from django.db.models.functions import Now

from accounts.models import Account
from accounts.status import Status
from provisioning.engine import circuit_breaker
from provisioning.exceptions import StepFailed
from provisioning.kinds import setup_kinds
from provisioning.models import Attempt, Dependency, Outage, Outcome, State, Step
from provisioning.sweep import drain, fetch, fetch_everywhere
from support.models import Ticket
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

SICK = "sick"
dice = random.Random(0)
how: dict[str, Callable] = {}

CLOCKS = {
    "provisioning_step": ("due_at", "failed_at", "created_at"),
    "provisioning_dependency": ("probe_at", "refilled_at", "last_ok_at", "failing_since"),
    "provisioning_outage": ("began_at", "ended_at"),
    "provisioning_attempt": ("ended_at",),
    "provisioning_heartbeat": ("at",),
    "accounts_account": ("created_at", "status_at", "asked_at"),
}


def a_service(account, _key):
    if failure := how["answer"](account):
        raise failure


a_service.dependency = "workspace"  # type: ignore[attr-defined]


def five_hundred():
    return StepFailed("the workspace service said 500", failure="5xx", outage=True)


@pytest.fixture(autouse=True)
def one_step(settings):
    settings.SETUP_STEPS = [f"{__name__}.a_service"]
    setup_kinds.cache_clear()
    how["answer"] = lambda account: five_hundred() if account.name.startswith(SICK) else None
    yield
    setup_kinds.cache_clear()


def seconds_pass(seconds: float) -> None:
    with connection.cursor() as cursor:
        for table, columns in CLOCKS.items():
            moved = ", ".join(f"{column} = {column} - make_interval(secs => %(by)s)" for column in columns)
            cursor.execute(f"UPDATE {table} SET {moved}", {"by": seconds})


def a_while(seconds: float, every: float = 2) -> None:
    for _ in range(int(seconds / every)):
        fetch()
        drain()
        seconds_pass(every)


def opened() -> int:
    return Outage.objects.count()


def newcomers_waited() -> list[float]:
    rows = Account.objects.filter(status=Status.ACTIVE).exclude(name__startswith=SICK)
    return sorted((row.status_at - row.created_at).total_seconds() for row in rows)


@pytest.mark.parametrize(("number", "threads"), [(1, 16), (2, 1), (3, 16), (5, 1), (10, 1), (10, 16), (20, 1)])
def test_sick_people_among_newcomers(number, threads, settings):
    settings.SETUP_THREADS = threads  # with one, they are settled one after another
    for n in range(number):
        Person(name=f"{SICK} {n}", email=f"sick{n}@acme{n}.example", company=f"Acme {n}")
    first = opened_after_half_a_minute = 0
    for n in range(12):
        Person(email=f"new{n}@well{n}.example", company=f"Well {n}")
        a_while(10)
        if n == 2:
            opened_after_half_a_minute = opened()
            first = len(newcomers_waited())
    assert first == 3
    assert opened() == opened_after_half_a_minute <= (1 if number < 20 else 2)
    assert not circuit_breaker.broken_now()
    assert len(newcomers_waited()) == 12
    assert newcomers_waited()[6] < 1, "the median newcomer is served at once"
    for _ in range(conf.SETUP_GIVE_UP_AFTER + 5):
        seconds_pass(3700)
        Person()
        fetch_everywhere()
        drain()
    fetch_everywhere()
    sick = Account.objects.filter(name__startswith=SICK)
    assert set(sick.values_list("status", flat=True)) == {Status.FAILED}
    assert Ticket.objects.filter(account__in=sick, closed_at=None).count() == number
    assert opened() == opened_after_half_a_minute


def test_then_a_real_outage_is_known_within_three_failures_and_costs_nobody_a_try():
    for n in range(3):
        Person(name=f"{SICK} {n}", email=f"sick{n}@acme{n}.example", company=f"Acme {n}")
    for n in range(8):
        Person(email=f"new{n}@well{n}.example", company=f"Well {n}")
        a_while(10)
    before = opened()
    how["answer"] = lambda account: five_hundred()
    for n in range(3):
        Person(name="Late", email=f"late{n}@late{n}.example", company=f"Late {n}")
    fetch()
    drain()
    assert opened() == before + 1
    theirs = Step.objects.filter(account__name="Late")
    assert set(theirs.values_list("attempts", "state")) == {(0, State.OPEN)}
    how["answer"] = lambda account: None
    a_while(30)
    assert set(Account.objects.filter(name="Late").values_list("status", flat=True)) == {Status.ACTIVE}


@pytest.mark.parametrize("seed", range(2))
def test_a_third_of_all_answers_failing_opens_none_and_fails_nobody(seed, settings):
    settings.SETUP_THREADS = 1  # so that a seed is one story
    dice.seed(seed)
    how["answer"] = lambda account: five_hundred() if dice.random() < 1 / 3 else None
    Dependency.objects.create(name="workspace", last_ok_at=Now())
    for n in range(40):
        Person(email=f"new{n}@well{n}.example", company=f"Well {n}")
        a_while(4)
    for _ in range(8):
        seconds_pass(400)
        a_while(4)
    assert opened() == 0
    assert set(Account.objects.values_list("status", flat=True)) == {Status.ACTIVE}


def test_everybody_refused_alike_is_a_refusal_of_us():
    refusal = "the workspace service said 410 gone"
    how["answer"] = lambda account: StepFailed(refusal, permanent=True, failure="4xx")
    for n in range(6):
        Person(email=f"new{n}@well{n}.example", company=f"Well {n}")
        a_while(20)
    [outage] = Outage.objects.all()
    assert outage.failure == "refuses us"
    assert not Account.objects.filter(status=Status.FAILED).exists()
    assert set(Step.objects.values_list("state", "attempts", "permanent")) == {(State.OPEN, 0, False)}
    how["answer"] = lambda account: None
    a_while(60)
    assert set(Account.objects.values_list("status", flat=True)) == {Status.ACTIVE}
    assert Attempt.objects.filter(outcome=Outcome.DONE).count() == 6


def test_the_probe_is_somebody_under_no_suspicion():
    for n in range(5):
        Person(name=f"{SICK} {n}", email=f"sick{n}@acme{n}.example", company=f"Acme {n}")
    a_while(4)
    assert opened() == 1 and circuit_breaker.broken_now()
    Person(email="new@well.example")
    seconds_pass(10)
    fetch()
    drain()
    assert not circuit_breaker.broken_now()


def test_a_probe_time_in_the_future_is_not_believed():
    dependency = Dependency.objects.create(name="mail", broken=True, probe_at=Now() + timedelta(days=1))
    assert circuit_breaker.allowance("mail", 5) == 1
    dependency.refresh_from_db()
    assert circuit_breaker.allowance("mail", 5) == 0
