"""Owing somebody a letter: a row, and no two of one sort within a while."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from accounts.clock import lately
from provisioning.models import OWED, Step
from provisioning.steps import KINDS

LETTER_PAUSE = timedelta(hours=1)


def owe_letter(
    account_id: UUID, kind: str, occasion: str, facts: dict | None = None, pause: timedelta = LETTER_PAUSE
) -> None:
    """The pause runs from the hand-over of the last one: a letter that did not go out holds up no other."""
    recent = lately("done_at", pause) | Q(state__in=OWED)
    if Step.objects.filter(recent, account=account_id, kind=kind).exists():
        return
    row = Step(
        account_id=account_id,
        kind=kind,
        occasion=occasion,
        dependency=KINDS[kind].dependency,
        facts=facts or {},
    )
    Step.objects.bulk_create([row], ignore_conflicts=True)
