"""Phases of a sweep, run one after the other, each by itself; those for which there is nothing to do are left out.

Whether there is anything is one statement for all of them: a sweep comes every other second, and mostly there is not.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet

from accounts.database.existence import Rows, which_exist
from provisioning.engine import faults
from provisioning.models import Fault


class Phase(NamedTuple):
    """Phase of a sweep.

    `rows`: where none of these has a row, there is nothing to do (without them, it is always run).
    """

    name: str
    do: Callable[[], object]
    rows: Sequence[Rows] = ()


def run_phases(phases: Sequence[Phase], then: Callable[[], object] = lambda: None) -> bool:
    """Run these phases in order, and after each `then`; those that broke lately rest. False: not all went well."""
    went_well = True
    known: dict[str, bool] = {}
    idle: set[str] | None = None
    for place, phase in enumerate(phases):
        if idle is None:
            known, idle = _look(phases[place:])
        if phase.name not in idle:
            went_well &= _run(phase, known)
            if any(later.rows for later in phases[place + 1 :]):
                idle = None  # it may have made work for them
        then()
    return went_well


def _look(phases: Sequence[Phase]) -> tuple[dict[str, bool], set[str]]:
    """Those that broke before, and whether they rest; and those for which there is nothing to do."""
    questions = [_broken_phases, *(rows for phase in phases for rows in phase.rows)]
    broken, *answers = faults.read(lambda: which_exist(*questions), [True] * len(questions))
    found = {rows for rows, there in zip(questions[1:], answers, strict=True) if there}
    known = dict(_broken_phases().annotate(rests=faults.rests()).values_list("row", "rests")) if broken else {}
    idle = {phase.name for phase in phases if phase.rows and not found.intersection(phase.rows)}
    return known, idle - known.keys()


def _broken_phases() -> "QuerySet[Any]":
    return Fault.objects.filter(table="phase")


def _run(phase: Phase, known: dict[str, bool]) -> bool:
    if known.get(phase.name) or not faults.turn("phase", phase.name, phase.do, "", whole=False):
        return False
    if phase.name in known:
        faults.forget("phase", [phase.name])
    return True
