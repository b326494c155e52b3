"""Settling of tries, with fencing: the steps, the attempts, the status and the diary, in one transaction.

A success is a fact: it counts while the step is still owed, whoever claimed it since. A failure is an
opinion: it counts only with our epoch.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account, Event, Voice, move, write_diary
from accounts.status import Status
from provisioning.emails.delivery import names_the_mailbox
from provisioning.engine import circuit_breaker, faults, retry
from provisioning.engine.attribution import Report, is_theirs
from provisioning.engine.claim import Result
from provisioning.engine.faults import storable
from provisioning.exceptions import NOBODY_ASKED, Held, StepFailed, Withdrawn
from provisioning.kinds import WELCOME, find_kind, in_diary, name_of, setup_kinds
from provisioning.models import OWED, SETTLED, Attempt, Dependency, Outage, Outcome, State, Step
from provisioning.unknown_kinds import counted

COLUMNS = {
    "state": "text",
    "epoch": "int",
    "attempts": "int",
    "due_at": "timestamptz",
    "leased": "bool",
    "error": "text",
    "failed_at": "timestamptz",
    "permanent": "bool",
    "reference": "text",
    "done_at": "timestamptz",
    "theirs": "int",
}
WRITE = f"""
    UPDATE provisioning_step AS step SET {", ".join(f"{name} = new.{name}" for name in COLUMNS)}
    FROM unnest(%(pks)s::bigint[], {", ".join(f"%({name}s)s::{kind}[]" for name, kind in COLUMNS.items())})
        AS new (id, {", ".join(COLUMNS)})
    WHERE step.id = new.id
"""


def settle(results: Sequence[Result]) -> None:
    """Write down what became of these tries, in one transaction.

    The account rows are locked first: without that, two last steps that finish together each miss the other, and the
    account never becomes ACTIVE (measured: 16 of 300).
    """
    if not results:
        return
    account_ids = {result.step.account_id for result in results}
    with transaction.atomic():
        lock_accounts(account_ids)
        rows, now = _lock_steps(result.step.pk for result in results)
        known = [result for result in results if result.step.pk in rows]
        down, theirs = _report(known, rows, now)
        settled = [_settle_one(rows[result.step.pk], result, now, down, theirs) for result in known]
        _write([step for step, _attempt, _line in settled])
        Attempt.objects.bulk_create([attempt for _step, attempt, _line in settled if attempt])
        write_diary(line for _step, _attempt, line in settled if line)
        recompute(account_ids)
    give_tries_back(Outage.objects.filter(dependency__in=down))


def give_tries_back(outages_now: QuerySet[Outage]) -> None:
    """Refund the tries of those who failed in one of these outages that lasts, before it was known as one."""
    faults.batch(outages_now.filter(ended_at=None), refund_tries, "giving tries back")


def set_aside(result: Result, error: Exception) -> None:
    """Set aside a try that cannot be settled, not even alone: its result is kept where possible, else it rests.

    The step alone is written, without what goes with it (status, diary, the platform's record), so that what was
    done is not done again; the status is put right when the rest can be. Each failing is a line at the desk.
    """
    faults.note(result.step, "settling", error)
    faults.attempt(lambda: _write_step_alone(result), lambda _error: None)
    if result.failure is None:  # by itself: what says that it was done must not keep it from being called done
        faults.attempt(lambda: _write_attempt_alone(result), lambda _error: None)


def _write_step_alone(result: Result) -> None:
    mine = Step.objects.owed().filter(pk=result.step.pk, key=result.step.key)
    if result.failure is None:
        mine.update(state=State.DONE, done_at=Now(), leased=False, reference=storable(result.reference, 200))
    else:
        rest = timedelta(seconds=faults.RESTS[1])
        mine.filter(epoch=result.step.epoch).update(leased=False, due_at=Now() + rest, error=result.failure.reason)


def _write_attempt_alone(result: Result) -> None:
    if Step.objects.filter(pk=result.step.pk, key=result.step.key, state=State.DONE).exists():
        Attempt.objects.create(
            step_id=result.step.pk, epoch=result.step.epoch, outcome=Outcome.DONE, seconds=result.seconds
        )


def refund_tries(outage: Outage) -> None:
    """Refund the tries of those who failed since the outage began: it was not their fault."""
    ids = set(circuit_breaker.affected_steps(outage).values_list("account_id", flat=True)[:1000])
    if ids:
        with transaction.atomic():
            lock_accounts(ids)
            affected = circuit_breaker.affected_steps(outage).filter(account__in=ids)
            reopened = Case(When(state=State.DEAD, then=Value(State.OPEN)), default=F("state"))
            affected.update(state=reopened, attempts=0, permanent=False, due_at=Now())
            recompute(ids)


def lock_accounts(ids: Iterable[UUID]) -> set[UUID]:
    """Lock the rows of these accounts, in the order of their ids. Returns those that are there."""
    rows = Account.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk")
    return set(rows.values_list("pk", flat=True))


def _lock_steps(ids: Iterable[int]) -> tuple[dict[int, Step], datetime]:
    """Lock these steps. Returns them as they are, and the database's time."""
    rows = Step.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk")
    steps: dict[int, Step] = {}
    now = timezone.now()
    for step in rows.annotate(now=Now()):
        steps[step.pk], now = step, step.now
    return steps, now


def _report(results: Sequence[Result], rows: dict[int, Step], now: datetime) -> tuple[set[str], set[int]]:
    """Tell each dependency how its tries went.

    Returns those that are down for everybody, and the steps that failed although others went through.
    """
    told = defaultdict(list)
    for result in results:
        if was_asked(result):
            told[result.step.dependency].append((result.step.pk, _as_report(result, rows[result.step.pk])))
    for name in {result.step.dependency for result in results} - told.keys():
        circuit_breaker.leave_the_probe(name)
    before = {
        name: circuit_breaker.record(name, [report for _pk, report in told[name]], now) for name in sorted(told)
    }
    down = set(Dependency.objects.filter(pk__in=list(told), broken=True).values_list("pk", flat=True))
    up = [(name, pk, report) for name in told if name not in down for pk, report in told[name]]
    return down, {pk for name, pk, report in up if is_theirs(report, before[name], now)}


def was_asked(result: Result) -> bool:
    """True if the service was asked, so that the result says something about it."""
    return result.failure is None or result.failure.failure not in NOBODY_ASKED


def _as_report(result: Result, step: Step) -> Report:
    account = result.step.account
    return report_of(
        result,
        str(account.pk),
        groups_of(account),
        since=step.created_at,
        failed_at=step.failed_at,
        theirs=step.theirs,
        again=step.attempts > 1 and bool(step.error),
    )


def groups_of(account: Account) -> tuple[str, str]:
    """What an account shares with others who may fail for the same reason: mail domain and company."""
    return domain_of(account.email), f"of {account.company.strip().lower()[:80]}"


def domain_of(email: str) -> str:
    """Mail domain of an address, as a group of a report."""
    return f"at {email.rpartition('@')[2].lower()}"


def report_of(result: Result, person: str, groups: tuple[str, ...], *, again: bool, **known: Any) -> Report:
    """Report of one try about the dependency it needed."""
    failure = result.failure
    if failure is None:
        return Report(person, True, groups=groups, again=again)
    named = failure.permanent and names_the_mailbox(failure.reason)
    return Report(
        person,
        False,
        failure.failure,
        failure.reason,
        groups,
        refused=failure.permanent,
        named=named,
        **known,
    )


def _settle_one(step: Step, result: Result, now: datetime, down: set[str], theirs: set[int]):
    """The step as it shall be, its attempt row and its line in the diary; no row and no line if nothing was tried."""
    counts = _counts(step, result)
    if isinstance(result.failure, Held):
        return _wait(step, result.failure, now) if counts else step, None, None
    if not counts:
        outcome = Outcome.LATE
    elif result.failure is None:
        outcome = _succeed(step, result, now)
    elif isinstance(result.failure, Withdrawn):
        step.state, step.error, outcome = State.WITHDRAWN, result.failure.reason, Outcome.WITHDRAWN
        step.epoch, step.leased = step.epoch + 1, False
    else:
        step.theirs += step.pk in theirs
        outcome = _fail(step, result.failure, now, down)
    attempt = Attempt(
        step=step,
        epoch=result.step.epoch,
        outcome=outcome,
        ended_at=now,
        seconds=result.seconds,
        error=result.failure.reason if result.failure else "",
    )
    if not counts:
        return step, attempt, None
    how = in_diary(step.kind, outcome)
    return step, attempt, Event(account_id=step.account_id, at=now, voice=Voice.WE, kind=how, detail=attempt.error)


def _counts(step: Step, result: Result) -> bool:
    """Fencing: ignore a failure from an expired lease, and any result whose key changed.

    A failure of somebody whose lease lapsed says nothing about the try that is under way. Another key: a letter to
    an address that was put right meanwhile.
    """
    if step.state not in OWED or step.key != result.step.key:
        return False
    return result.failure is None or step.epoch == result.step.epoch


def _succeed(step: Step, result: Result, now: datetime) -> Outcome:
    step.state, step.done_at, step.reference = State.DONE, now, result.reference[:200]
    step.epoch += 1
    step.leased, step.error = False, ""
    return Outcome.DONE


def _wait(step: Step, held: Held, now: datetime) -> Step:
    after = retry.after_failure(step.attempts, held, now, down=False, **retry_rule())
    step.leased, step.attempts, step.due_at = False, after.attempts, after.due or now
    return step


def _fail(step: Step, failure: StepFailed, now: datetime, down: set[str]) -> Outcome:
    step.leased, step.error, step.failed_at = False, failure.reason, now
    after = retry.after_failure(step.attempts, failure, now, down=step.dependency in down, **retry_rule())
    step.attempts, step.due_at = after.attempts, after.due or now + timedelta(days=1)
    if after.outage:
        return Outcome.OUTAGE
    step.permanent = failure.permanent
    if after.due is None and step.state == State.OPEN:
        step.state = State.DEAD
    return Outcome.REFUSED if failure.permanent else Outcome.FAILED


def retry_rule() -> dict[str, Any]:
    """Waits in seconds and number of tries, from the settings, for engine/retry.py."""
    return {"waits": settings.SETUP_RETRY_SECONDS, "give_up_after": settings.SETUP_GIVE_UP_AFTER}


def _write(steps: Sequence[Step]) -> None:
    """Write all these steps in one statement, then what goes with those that are done.

    Django's bulk_update builds one CASE a row and column: twenty times the CPU.
    """
    values = {f"{name}s": [getattr(step, name) for step in steps] for name in ("pk", *COLUMNS)}
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)
    done = defaultdict(list)
    for step in steps:
        if step.state == State.DONE:
            done[step.kind].append(step)
    for kind, finished in done.items():
        if record := find_kind(kind).record:
            record(finished)


def status_of(states: dict[str, str]) -> Status:
    """Status of an account, from the states of its set-up steps by kind. Pure."""
    if State.DEAD in states.values():
        return Status.FAILED
    welcome = states.get(WELCOME, State.DONE) in SETTLED
    rest = all(state in SETTLED for kind, state in states.items() if kind != WELCOME)
    if welcome and rest:
        return Status.ACTIVE
    if rest:
        return Status.PROVISIONED
    return Status.EMAIL_SENT if welcome else Status.CREATED


def recompute(account_ids: Iterable[UUID]) -> None:
    """Recompute the status of these accounts, already locked, from their steps."""
    states: dict[UUID, dict[str, str]] = {pk: dict.fromkeys(setup_kinds(), State.OPEN) for pk in account_ids}
    for pk, kind, state in (
        Step.objects.of_setup().filter(counted(), account__in=states).values_list("account_id", "kind", "state")
    ):
        states[pk][name_of(kind)] = state
    moves = defaultdict(list)
    for pk, old in Account.objects.filter(pk__in=states).values_list("pk", "status"):
        if old != Status.ACTIVE and (new := status_of(states[pk])) != old:
            moves[Status(old), new].append(pk)
    for (old, new), pks in moves.items():
        move(pks, old, new)
