"""Waivers: an account is let in before everything is done.

The step stays owed, visibly, and the sweep goes on paying.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Account, Event, Voice
from provisioning.engine.settle import lock_accounts, recompute
from provisioning.kinds import in_diary
from provisioning.models import State, Step

WAIVABLE = (State.OPEN, State.DEAD)


def waive(
    account: Account, kinds: Collection[str], *, actor: Account | None, reason: str, pay_by: datetime
) -> list[Step]:
    """Waive these kinds of step: the account is let in, and owed them until `pay_by`. Returns the steps now waived.

    `actor` None: done by rule. A step that is done meanwhile is not touched, and a late success pays the debt.
    """
    with transaction.atomic():
        lock_accounts([account.pk])
        steps = Step.objects.select_for_update().filter(
            account=account, occasion="", kind__in=kinds, state__in=WAIVABLE
        )
        waived = list(steps.order_by("pk"))
        pks = [step.pk for step in waived]
        Step.objects.filter(pk__in=pks).update(state=State.WAIVED, pay_by=pay_by, attempts=0)
        Step.objects.filter(pk__in=pks, leased=False).update(due_at=Now())  # one under way keeps its lease
        Event.objects.bulk_create(_line(step, actor, reason) for step in waived)
        recompute([account.pk])
    return waived


def _line(step: Step, actor: Account | None, reason: str) -> Event:
    return Event(
        account_id=step.account_id,
        voice=Voice.SUPPORT if actor else Voice.WE,
        kind=in_diary(step.kind, "waived"),
        detail=reason,
        actor=actor,
    )
