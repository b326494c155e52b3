"""Pick-up of those who are ready: new arrivals, those who came back to a door, and letters that are owed."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.database.errors import is_passing
from accounts.models import AccessRequest, Account, SignupClaim
from accounts.status import Status
from provisioning.engine import faults
from provisioning.engine.settle import recompute
from provisioning.intake.letter_requests import answer
from provisioning.intake.outbox import owe_letter
from provisioning.kinds import names_by_old, setup_kinds
from provisioning.models import OWED, State, Step

# Steps are claimed in the order of due_at. Whoever is here comes before whoever is new, and both before
# everybody who waits for a later try: their steps fall due that long ago.
PRESENT_FIRST = timedelta(days=7300)
NEW_NEXT = timedelta(days=3650)
BATCH = 500
OWE = """
    INSERT INTO provisioning_step
        (account_id, kind, occasion, dependency, key, state, epoch, attempts, due_at, leased, error, permanent,
         reference, facts)
    SELECT account, kind, '', dependency, gen_random_uuid(), 'open', 0, 0, now() - %(early)s, false, '', false,
        '', '{}'
    FROM unnest(%(accounts)s::uuid[]) WITH ORDINALITY AS asked (account, place),
        unnest(%(kinds)s::text[], %(dependencies)s::text[], %(olds)s::text[])
            WITH ORDINALITY AS owed (kind, dependency, old, number)
    WHERE old = '' OR NOT EXISTS (
        SELECT FROM provisioning_step AS there
        WHERE there.account_id = asked.account AND there.occasion = '' AND there.kind = owed.old
    )
    ORDER BY place, number
    ON CONFLICT DO NOTHING
"""


def pick_up(only: Iterable[UUID] | None = None) -> int:
    """Give accounts that asked their steps, and fresh tries where tries were spent. Returns how many asked.

    A batch that cannot be done as a whole is done one by one.
    """
    asked = (
        faults.without_resting(who_asked()) if only is None else faults.awake(who_asked().filter(pk__in=list(only)))
    )
    try:
        with transaction.atomic():
            return _pick_up(asked)
    except DatabaseError as error:
        if is_passing(error):
            raise
        one_by_one = list(asked.order_by("asked_at")[:BATCH])
        return faults.each(one_by_one, lambda account: _pick_up(who_asked().filter(pk=account.pk)), "picking up")


def who_asked() -> QuerySet[Account]:
    """Accounts that signed up, or came back, and wait to be picked up."""
    return Account.objects.filter(asked_at__isnull=False, is_active=True)


def tickets_of(account_id: UUID) -> list[tuple[int, int]]:
    """The (id, epoch) of each step that is due for this account, which from now on come before all others."""
    due = Step.objects.owed().filter(account=account_id, leased=False, due_at__lte=Now())
    tickets = list(due.values_list("pk", "epoch"))
    due.update(due_at=Now() - PRESENT_FIRST)
    return tickets


def _pick_up(asked: QuerySet[Account]) -> int:
    accounts = list(asked.select_for_update(skip_locked=True).order_by("asked_at")[:BATCH])
    if accounts:
        ids = [account.pk for account in accounts]
        _owe(account for account in accounts if account.status != Status.ACTIVE)
        _refill(ids)
        recompute(ids)
        Account.objects.filter(pk__in=ids).update(asked_at=None)
    return len(accounts)


def _owe(accounts: Iterable[Account]) -> None:
    """Insert the set-up steps of these accounts.

    One statement, made by the database: as objects, a row costs twenty times as much.
    """
    kinds, old_names = setup_kinds(), {name: old for old, name in names_by_old().items()}
    values: dict[str, Any] = {
        "accounts": [account.pk for account in accounts],
        "kinds": list(kinds),
        "dependencies": [kind.dependency for kind in kinds.values()],
        "olds": [old_names.get(name, "") for name in kinds],
        "early": NEW_NEXT,
    }
    with connection.cursor() as cursor:
        cursor.execute(OWE, values)


def _refill(ids: list[UUID]) -> None:
    """Give these accounts all their tries again: everything that is still owed is due now.

    They came back.
    """
    tried = Step.objects.filter(account__in=ids, attempts__gt=0)
    tried.filter(state=State.DEAD).update(state=State.OPEN, permanent=False, attempts=0, due_at=Now())
    tried.filter(state__in=OWED, leased=False).update(attempts=0, due_at=Now())


def fetch_letters() -> int:
    """Owe the letters that were asked for at a door. Returns how many were asked for, at most BATCH of a sort."""
    claims = _each_of(claims_owed_a_letter(), _owe_already_here, "owing a letter")
    requests = _each_of(AccessRequest.objects.all(), _answer, "answering")
    return max(claims, requests)


def claims_owed_a_letter() -> QuerySet[SignupClaim]:
    """Claims of an address that somebody has, who is owed a letter about it."""
    return SignupClaim.objects.filter(letter_owed=True)


LETTERS_ASKED_FOR = [claims_owed_a_letter, AccessRequest.objects.all]


def _each_of(rows: QuerySet, do: Callable[[Any], object], doing: str) -> int:
    """Run `do` for each row, in a transaction that holds it.

    Whoever else comes meanwhile passes over it.
    """
    waiting = list(faults.without_resting(rows).order_by("created_at")[:BATCH])

    def hold_and_do(row):
        if held := rows.select_for_update(skip_locked=True).filter(pk=row.pk).first():
            do(held)

    faults.each(waiting, hold_and_do, doing)
    return len(waiting)


def _owe_already_here(claim: SignupClaim) -> None:
    """Owe the owner of a taken address the letter that says how to get in; at most one an hour."""
    owe_letter(claim.account_id, "letter.already_here", f"claim {claim.pk}")
    SignupClaim.objects.filter(pk=claim.pk).update(letter_owed=False)


def _answer(request: AccessRequest) -> None:
    to_repair = answer(request)
    AccessRequest.objects.filter(pk=request.pk).delete()
    if to_repair:
        pick_up([to_repair])
