"""Whatever a platform's step puts into a StepFailed can be kept."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.exceptions import StepFailed


class Broken:
    def __str__(self):
        raise RuntimeError("no words")

    def __bool__(self):
        raise RuntimeError("no truth")


class OwnText(str):
    """An ORM's or a template's own sort of text."""

    def __str__(self):
        return self

    def encode(self, *_args, **_named):
        raise RuntimeError("not mine")


class Bare(StepFailed):
    def __init__(self):
        pass


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("no", "no"),
        (None, "it did not say why"),
        ("", "it did not say why"),
        (" \n", "it did not say why"),
        (b"\xffno\x00", "\ufffdno\ufffd"),
        (bytearray(b"no"), "no"),
        ("half \ud800", "half ?"),
        ({"code": 7}, "{'code': 7}"),
        (Broken(), "Broken (RuntimeError)"),
        ("x" * 1_000_000, "x" * 500),
        (b"x" * 1_000_000, "x" * 500),
        (ValueError("a\x00b"), "a\ufffdb"),
    ],
)
def test_a_reason(reason, kept):
    failure = StepFailed(reason)
    assert (failure.reason, type(failure.reason), str(failure)) == (kept, str, kept)


def test_a_reason_in_somebodys_own_sort_of_text():
    assert StepFailed(OwnText("no\x00")).reason == "no\ufffd"


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (30, 30),
        (1.9, 1),
        ("30", 30),
        (" 30 ", 30),
        (timedelta(minutes=2), 120),
        (timedelta.max, 86400),
        (10**400, 86400),
        (float("inf"), 86400),
        (float("nan"), None),
        (-1, None),
        (timedelta(seconds=-1), None),
        ("soon", None),
        ("-1", None),
        (True, None),
        (None, None),
        (b"30", None),
        (Broken(), None),
    ],
)
def test_a_wait(wait, seconds):
    assert StepFailed("no", retry_after=wait).retry_after == seconds


def test_a_class_of_failure_fits_its_column():
    assert StepFailed("no", failure="x" * 90).failure == "x" * 40
    assert StepFailed("no", failure=None).failure == "error"
    assert StepFailed("no", failure="").failure == "error"


def test_what_is_neither_true_nor_false_blames_nobody():
    failure = StepFailed("no", permanent=Broken(), outage=Broken())
    assert (failure.permanent, failure.outage) == (False, False)


def test_a_sort_of_it_that_never_came_through_here():
    raised = Bare()
    raised.permanent, raised.retry_after = "yes", "soon"  # type: ignore[assignment]
    failure = StepFailed.of(raised)
    assert (failure.reason, failure.permanent, failure.retry_after) == ("it did not say why", True, None)


@given(st.text() | st.binary() | st.integers() | st.floats() | st.none() | st.lists(st.text()))
def test_anything(said):
    failure = StepFailed(said, failure=said, retry_after=said, permanent=said)
    for kept, longest in ((failure.reason, 500), (failure.failure, 40)):
        assert 0 < len(kept) <= longest and "\x00" not in kept
        kept.encode()
    assert failure.retry_after is None or 0 <= failure.retry_after <= 86400
