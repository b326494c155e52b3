"""The phases of a sweep: each by itself, and none for which there is nothing to do."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from accounts.database.existence import Rows, which_exist
from accounts.models import Account
from provisioning import sweep
from provisioning.engine import phases
from provisioning.engine.phases import Phase, run_phases
from provisioning.models import Fault
from support import sweep as support_sweep
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


def danas():
    return Account.objects.filter(name="Dana")


def erins():
    return Account.objects.filter(name="Erin")


def nobody():
    return Account.objects.filter(pk__in=[])


def of_a_column_that_is_gone():
    return Account.objects.extra(where=["gone = 1"])


def done_by(*asked):
    """Names of the phases that were run, of those with these rows."""
    done: list[str] = []
    run_phases([Phase(rows.__name__, partial(done.append, rows.__name__), [rows]) for rows in asked])
    return done


def test_one_statement_says_of_which_there_are_any(django_assert_num_queries):
    Person(name="Dana")
    with django_assert_num_queries(1):
        assert which_exist(danas, erins, nobody) == [True, False, False]
    danas().update(name="Erin")
    assert which_exist(danas, erins, nobody) == [False, True, False]


def test_only_that_is_run_for_which_there_is_something():
    Person(name="Dana")
    assert done_by(erins, danas, nobody) == ["danas"]


def test_one_of_several_sorts_of_rows_is_enough():
    Person(name="Dana")
    done = []
    run_phases([Phase("either", lambda: done.append(1), [erins, danas])])
    assert done == [1]


def test_what_one_made_is_seen_by_those_after_it():
    Person(name="Dana")
    done = []
    rename = Phase("rename", lambda: danas().update(name="Erin"), [danas])
    run_phases([rename, Phase("then", lambda: done.append(1), [erins])])
    assert done == [1]


def test_a_question_that_breaks_leaves_nobody_out():
    assert done_by(danas, of_a_column_that_is_gone) == ["danas", "of_a_column_that_is_gone"]


def test_a_database_that_is_away_ends_them_all(monkeypatch):
    def gone(*_questions):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(phases, "which_exist", gone)
    with pytest.raises(OperationalError):
        done_by(danas)


def test_one_that_breaks_rests_and_is_forgotten_once_it_went_well():
    calls, after = [], []

    def broken():
        calls.append(1)
        raise KeyError("x")

    for _ in range(2):
        assert not run_phases([Phase("tidying", broken), Phase("next", lambda: after.append(1))])
    assert len(calls) == 1 and len(after) == 2
    Fault.objects.update(next_at=Now())
    assert run_phases([Phase("tidying", lambda: None, [danas])])
    assert not Fault.objects.exists()


def test_after_each_comes_what_was_asked_for_also_after_those_that_are_left_out():
    Person(name="Dana")
    done = []
    names = [Phase(rows.__name__, lambda: done.append("do"), [rows]) for rows in (erins, danas)]
    run_phases(names, then=lambda: done.append("then"))
    assert done == ["then", "do", "then"]


@pytest.mark.parametrize("phase_list", [sweep.fetch, support_sweep.fetch], ids=["set-up", "support"])
def test_an_empty_sweep_runs_none_of_the_phases(phase_list, monkeypatch):
    Person(status="active")
    sweep.sweep()
    run = []
    monkeypatch.setattr(phases.faults, "turn", lambda _of, name, *_more, **_most: run.append(name))
    phase_list()
    assert run == []


def test_no_question_depends_on_a_setting_or_a_time_of_python(settings, monkeypatch):
    """What stands in a question is written once: a clock would stand still in it."""
    asked: set[Rows] = set()

    def all_of_them(*questions):
        asked.update(questions)
        return [True] * len(questions)

    monkeypatch.setattr(phases, "which_exist", all_of_them)
    sweep.sweep()
    before = {rows: statement_of(rows) for rows in asked}
    settings.SETUP_STEPS, settings.SETUP_RETRY_SECONDS, settings.SETUP_LEASE = {}, [7], timedelta(seconds=7)
    assert len(asked) > 10
    assert {rows: statement_of(rows) for rows in asked} == before


def statement_of(rows):
    return rows().order_by().query.exists().get_compiler(connection=connection).as_sql()
