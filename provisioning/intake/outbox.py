"""Outbox of e-mails: a row for each that is owed, and no two of one sort within a while."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from accounts.database.clock import lately
from provisioning.emails.compose import BY_THE_DESK
from provisioning.kinds import KINDS
from provisioning.models import OWED, Step

LETTER_PAUSE = timedelta(hours=1)


def owe_letter(
    account_id: UUID, kind: str, occasion: str, facts: dict | None = None, pause: timedelta = LETTER_PAUSE
) -> bool:
    """Owe a letter, no two of one kind within the pause. False: one is on its way, or went out a moment ago.

    The pause runs from the hand-over of the last one: a letter that did not go out holds up no other.
    """
    recent = lately("done_at", pause) | Q(state__in=OWED)
    if Step.objects.filter(recent, account=account_id, kind=kind).exists():
        return False
    row = Step(
        account_id=account_id,
        kind=kind,
        occasion=occasion,
        dependency=KINDS[kind].dependency,
        facts=facts or {},
    )
    Step.objects.bulk_create([row], ignore_conflicts=True)
    return True


def owe_by_the_desk(account_id: UUID, kind: str, occasion: str, pause: timedelta = LETTER_PAUSE) -> bool:
    """Owe a letter by the desk; one of the kind that waits goes now.

    Strangers' letters to that mailbox do not hold it back.
    """
    waiting = Step.objects.owed().filter(account=account_id, kind=kind, leased=False)
    hurried = waiting.update(facts=BY_THE_DESK, due_at=Now())
    return bool(hurried) or owe_letter(account_id, kind, occasion, BY_THE_DESK, pause)
