"""How far an account is, from its steps; and which way it may go."""

import pytest

from accounts.status import ARROWS, NoSuchArrow, Status, check_arrow
from provisioning.engine.settle import status_of
from provisioning.models import State

OPEN, DONE, WAIVED, DEAD = State.OPEN, State.DONE, State.WAIVED, State.DEAD


@pytest.mark.parametrize(
    ("welcome", "workspace", "status"),
    [
        (OPEN, OPEN, Status.CREATED),
        (DONE, OPEN, Status.EMAIL_SENT),
        (OPEN, DONE, Status.PROVISIONED),
        (DONE, DONE, Status.ACTIVE),
        (WAIVED, DONE, Status.ACTIVE),
        (OPEN, WAIVED, Status.PROVISIONED),
        (DONE, WAIVED, Status.ACTIVE),
        (DEAD, DONE, Status.FAILED),
        (OPEN, DEAD, Status.FAILED),
        (DEAD, DEAD, Status.FAILED),
    ],
)
def test_status_of(welcome, workspace, status):
    assert status_of({"welcome_email": welcome, "workspace": workspace}) == status


@pytest.mark.parametrize("extra", [OPEN, DEAD])
def test_a_step_of_the_platform_counts(extra):
    states = {"welcome_email": DONE, "workspace": DONE, "stripe_customer": extra}
    assert status_of(states) == {OPEN: Status.EMAIL_SENT, DEAD: Status.FAILED}[extra]


def test_a_platform_that_sends_no_letter():
    assert status_of({"workspace": DONE}) == Status.ACTIVE


def test_everything_but_the_end_has_a_way_out():
    assert {status for status, ways in ARROWS.items() if not ways} == {Status.ACTIVE}
    with pytest.raises(NoSuchArrow):
        check_arrow("active", "created")
