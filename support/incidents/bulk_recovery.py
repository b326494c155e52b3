"""Bulk recovery of an incident's accounts, or of selected ones: a canary, then five, then the rest at a rate.

It stops itself. The pace is arithmetic on outcomes; the sweep carries it out, never a request.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.database.clock import long_ago
from accounts.models import Account, Event, EventKind, Voice
from accounts.signup import ask_for_repair
from accounts.status import UNFINISHED, Status
from provisioning.engine import faults
from provisioning.engine.claim import ASKED_FOR
from provisioning.intake.pickup import pick_up
from provisioning.models import Attempt, Dependency, Outcome, Step
from support.models import Affected, Incident, Recovery, Turn

FEW = 5
AT_ONCE = 20  # under way at any moment, once the few went well: that is the rate
LAST = 5
FAILURES_TO_STOP = 2
LONGEST_TURN = timedelta(minutes=5)


class Batch(NamedTuple):
    """Number of accounts to ask for now, or why the recovery is over."""

    ask: int = 0
    over: str = ""


def next_wave(outcomes: list[str]) -> Batch:
    """Next batch of a recovery. Pure.

    `outcomes` in the order in which they were asked; those not asked yet are empty.
    """
    settled = [outcome for outcome in outcomes if outcome in (Turn.Outcome.WELL, Turn.Outcome.FAILED)]
    if settled[-LAST:].count(Turn.Outcome.FAILED) >= FAILURES_TO_STOP:
        return Batch(over="stopped")
    left, under_way = outcomes.count(""), outcomes.count(Turn.Outcome.ASKED)
    if not left:
        return Batch() if under_way else Batch(over="finished")
    well = settled.count(Turn.Outcome.WELL)
    if not well:  # the canary, and another one if it failed
        return Batch(0 if under_way else 1)
    if len(settled) <= FEW:
        return Batch(0 if under_way else min(left, FEW))
    return Batch(max(0, min(left, AT_ONCE - under_way)))


def begin(incident: Incident, actor: Account, reason: str) -> Recovery | None:
    """Start a bulk recovery: everybody of the incident who is still stuck gets a turn.

    None: one is under way already.
    """
    with transaction.atomic():
        Incident.objects.select_for_update().get(pk=incident.pk)
        if Recovery.objects.filter(incident=incident, ended_at=None).exists():
            return None
        recovery = Recovery.objects.create(incident=incident, actor=actor, reason=reason)
        Turn.objects.bulk_create(Turn(recovery=recovery, account_id=pk) for pk in still_stuck(incident))
    return recovery


def begin_selected(accounts: Iterable[UUID], actor: Account, reason: str) -> Recovery:
    """Start a bulk recovery of accounts that were selected in a list, in this order."""
    with transaction.atomic():
        recovery = Recovery.objects.create(incident=None, actor=actor, reason=reason)
        Turn.objects.bulk_create(Turn(recovery=recovery, account_id=pk) for pk in dict.fromkeys(accounts))
    return recovery


def still_stuck(incident: Incident):
    """Ids of the incident's accounts whose set-up still waits for its service, or was given up."""
    stuck = Step.objects.of_setup().unpaid().filter(account=OuterRef("account"), dependency=incident.dependency)
    rows = Affected.objects.filter(Exists(stuck), incident=incident, account__status__in=UNFINISHED)
    return rows.order_by("pk").values_list("account_id", flat=True)


def stop(recovery: Recovery, because: str) -> bool:
    """Stop a recovery: those under way go on, nobody else is asked.

    False: it was over already.
    """
    running = Recovery.objects.filter(pk=recovery.pk, ended_at=None)
    return running.update(ended_at=Now(), ended_because=because) == 1


def advance() -> None:
    """Periodic job: look once at each recovery that runs, settle the turns, then ask the next ones."""
    faults.batch(running().select_related("incident"), _go_on, "recovering everybody of an incident")


def running() -> QuerySet[Recovery]:
    """Recoveries that have not ended."""
    return Recovery.objects.filter(ended_at=None)


def _go_on(recovery: Recovery) -> None:
    if Recovery.objects.select_for_update(skip_locked=True).filter(pk=recovery.pk, ended_at=None):
        _settle_turns(recovery)
        _next(recovery)


def _settle_turns(recovery: Recovery) -> None:
    asked = Turn.objects.filter(recovery=recovery, outcome=Turn.Outcome.ASKED)
    _settle(asked.filter(_paid(recovery)), outcome=Turn.Outcome.WELL, settled_at=Now())
    tries = Attempt.objects.filter(
        **({"step__dependency": recovery.incident.dependency} if recovery.incident else {"step__occasion": ""}),
        step__account=OuterRef("account"),
        ended_at__gt=OuterRef("asked_at"),
        outcome__in=(Outcome.FAILED, Outcome.REFUSED, Outcome.OUTAGE),
    )
    failed = Q(Exists(tries)) | long_ago("asked_at", LONGEST_TURN)
    _settle(asked.filter(failed), outcome=Turn.Outcome.FAILED, settled_at=Now())
    # Whoever healed without a turn needs none.
    waiting = Turn.objects.filter(recovery=recovery, outcome="", account__status=Status.ACTIVE)
    waiting = waiting if recovery.incident else waiting.filter(_paid(recovery))
    _settle(waiting, outcome=Turn.Outcome.WELL, asked_at=Now(), settled_at=Now())


def _settle(turns: QuerySet[Turn], **became) -> None:
    faults.together(turns, lambda these: these.update(**became), "settling their turn")


def _paid(recovery: Recovery):
    owed = Step.objects.of_setup().unpaid().filter(account=OuterRef("account"), **_of_service(recovery))
    return ~Exists(owed)


def _of_service(recovery: Recovery) -> dict[str, str]:
    """Filter for the steps that a recovery is about: those of the incident's service, or all of selected people."""
    return {"dependency": recovery.incident.dependency} if recovery.incident else {}


def _next(recovery: Recovery) -> None:
    turns = list(faults.without_resting(Turn.objects.filter(recovery=recovery)).order_by("asked_at", "pk"))
    wave = next_wave([turn.outcome for turn in turns])
    if wave.over:
        stop(recovery, wave.over)
    elif wave.ask:
        pks = [turn.pk for turn in turns if not turn.outcome][: wave.ask]
        faults.together(Turn.objects.filter(pk__in=pks), partial(_ask, recovery), "asking for their turn")


def _ask(recovery: Recovery, turns: QuerySet[Turn]) -> None:
    """Fresh tries for these accounts, before everybody else's.

    If the service is down, the first one is its probe.
    """
    pks = list(turns.values_list("account_id", flat=True))
    turns.update(outcome=Turn.Outcome.ASKED, asked_at=Now())
    for account in Account.objects.filter(pk__in=pks):
        ask_for_repair(account)
    pick_up(pks)
    theirs = Step.objects.owed().filter(account__in=pks, leased=False, **_of_service(recovery))
    theirs.update(due_at=Now() - 2 * ASKED_FOR)
    if recovery.incident:
        Dependency.objects.filter(name=recovery.incident.dependency, broken=True).update(probe_at=Now())
    Event.objects.bulk_create(
        Event(
            account_id=pk, voice=Voice.SUPPORT, kind=EventKind.RECOVERED, detail=recovery.reason, actor=recovery.actor
        )
        for pk in pks
    )
