"""Backfill of a new set-up step for those who are active already.

Their status stays; it is paid as all else is.
"""

from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.status import Status
from provisioning.kinds import WELCOME, names_of, setup_kinds
from provisioning.models import State, Step

BATCH = 1000
OWE_NEXT = """
    WITH next AS (
        SELECT id FROM accounts_account
        WHERE id > %(after)s AND status = 'active' AND is_active AND NOT is_staff ORDER BY id LIMIT %(batch)s
    ), owed AS (
        INSERT INTO provisioning_step
            (account_id, kind, occasion, dependency, key, state, epoch, attempts, due_at, leased, error, permanent,
             reference, facts)
        SELECT id, %(kind)s, '', %(dependency)s, gen_random_uuid(), 'open', 0, 0, now(), false, '', false, '', '{}'
        FROM next WHERE NOT EXISTS (
            SELECT FROM provisioning_step AS there
            WHERE there.account_id = next.id AND there.occasion = '' AND there.kind = ANY(%(names)s)
        )
        ORDER BY id
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT (SELECT id FROM next ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM owed)
"""


def backfill(name: str) -> int:
    """Owe this set-up step to everybody who is active and never got it. Returns to how many.

    Each batch is a transaction of its own, and whoever has it is passed over: it may be stopped and begun again.
    Newcomers are served first all the same, for what they are owed is due earlier.
    """
    after: UUID | None = UUID(int=0)
    total = 0
    while after:
        after, owed = _owe_next(name, after)
        total += owed
    return total


def _owe_next(name: str, after: UUID) -> tuple[UUID | None, int]:
    """Owe the step to the next batch of accounts.

    Returns the last account of the batch (none: there were no more), and to how many it is owed now.
    """
    values: dict[str, Any] = {"kind": name, "names": names_of(name), "dependency": setup_kinds()[name].dependency}
    with connection.cursor() as cursor:
        cursor.execute(OWE_NEXT, values | {"after": after, "batch": BATCH})
        return cursor.fetchone()


def given_up_later() -> QuerySet[Step]:
    """Steps that came to be owed to people who were active by then, and were given up."""
    dead = Step.objects.of_setup().filter(state=State.DEAD, account__status=Status.ACTIVE)
    return dead.exclude(kind=WELCOME)
