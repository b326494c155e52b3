"""One row's exception ends that row's turn only."""

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from accounts.models import Account
from provisioning.engine import faults
from provisioning.models import Fault
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


def breaks_for(*poisoned):
    def do(account):
        Account.objects.filter(pk=account.pk).update(company="done")
        if account in poisoned:
            raise ValueError("a NUL \x00")

    return do


def test_the_rest_goes_on_and_the_row_is_noted():
    a, b, c = Person.create_batch(3)
    assert faults.each([a, b, c], breaks_for(b), "greeting") == 2
    assert set(Account.objects.filter(company="done")) == {a, c}
    fault = Fault.objects.get()
    assert (fault.table, fault.row, fault.times) == ("accounts.Account", str(b.pk), 1)
    assert "greeting: ValueError" in fault.words


def test_it_is_tried_again_ever_more_rarely():
    dana = Person()
    rests = []
    for _ in range(len(faults.RESTS) + 2):
        faults.each(Account.objects.all(), breaks_for(dana), "greeting")
        fault = Fault.objects.get()
        rests.append(round((fault.next_at - fault.at).total_seconds()))
    assert rests == [*faults.RESTS, faults.RESTS[-1], faults.RESTS[-1]]
    assert dana not in faults.without_resting(Account.objects.all())
    Fault.objects.update(next_at=Now())
    assert dana in faults.without_resting(Account.objects.all())


def test_a_database_that_is_away_is_nobodys_fault():
    def gone(_account):
        raise OperationalError("the connection is closed")

    Person()
    with pytest.raises(OperationalError):
        faults.each(Account.objects.all(), gone, "greeting")
    assert not Fault.objects.exists()


class Unspeakable:
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        (b"\xff\xfeh\x00", "\ufffd\ufffdh\ufffd"),
        ("\ud800", "?"),
        (42, "42"),
        (None, "None"),
        (Unspeakable(), "Unspeakable (RuntimeError)"),
        ("x" * 900, "x" * 500),
    ],
)
def test_whatever_comes_from_outside_can_be_stored(words, kept):
    assert faults.storable(words) == kept
