"""The rule while nobody is at work: a table, then one night."""

import dataclasses
from datetime import timedelta

import pytest

from accounts.models import Account, Event
from provisioning.models import Step
from support.models import Desk
from support.service_level.unattended import REASON, Case, let_in_who_must, lets_in
from tests.time.conftest import at, letters, minutes, outage, signed_up

NIGHT = at("2026-11-24 22:00")
BACK = at("2026-11-25 09:00")
LIMIT = timedelta(minutes=30)
WORKSPACE = frozenset({"workspace"})
CASE = Case(at("2026-11-25 08:00"), True, WORKSPACE, WORKSPACE, NIGHT - minutes(45))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"needed_by": None}, False),
        ({"proven": False}, False),
        ({"needed_by": at("2026-11-25 14:00")}, False),  # she is there before
        ({"needed_by": at("2026-11-24 21:00")}, True),  # missed already: every minute counts
        ({"down_since": NIGHT - minutes(10)}, False),
        ({"down_since": None}, False),
        ({"missing": WORKSPACE | {"bucket"}}, False),  # something else is missing, and nothing is down there
        ({"missing": frozenset(), "stuck": frozenset()}, False),
    ],
)
def test_who_is_let_in(change, expected):
    assert lets_in(dataclasses.replace(CASE, **change), NIGHT, BACK, LIMIT) is expected


def test_nobody_knows_when_she_is_back():
    assert lets_in(dataclasses.replace(CASE, needed_by=at("2027-01-01 00:00")), NIGHT, None, LIMIT)


@pytest.fixture
def night(desk):
    outage("workspace", NIGHT - minutes(45))
    proven = NIGHT - minutes(60)
    return signed_up(NIGHT - minutes(50), needed_by=at("2026-11-25 08:00"), mailbox_proven_at=proven)


def test_off_by_default(night):
    let_in_who_must(NIGHT)
    assert Account.objects.get().status == "created"


def test_one_is_let_in_with_a_debt_that_says_so(night):
    Desk.objects.update(let_in_by_rule=True)
    signed_up(NIGHT - minutes(50), needed_by=at("2026-11-25 08:00"))  # has proved nothing
    signed_up(NIGHT - minutes(50), mailbox_proven_at=NIGHT)  # has named no deadline
    for _ in range(2):
        let_in_who_must(NIGHT)
    step = Step.objects.get(state="waived")
    assert (step.account, step.kind, step.pay_by) == (night, "workspace", NIGHT + timedelta(days=3))
    line = Event.objects.get(kind="workspace.waived")
    assert (line.detail, line.actor) == (REASON, None)
    assert letters(night) == ["letter.let_in"]


def test_by_day_it_is_hers_to_decide(night):
    Desk.objects.update(let_in_by_rule=True)
    let_in_who_must(at("2026-11-25 09:01"))
    assert not Step.objects.filter(state="waived").exists()
