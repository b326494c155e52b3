"""Correction of a mistyped e-mail address, before anybody has proven it."""

import uuid

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts import email_links
from accounts.models import Account, Event, EventKind, Voice
from provisioning.engine.settle import lock_accounts, recompute
from provisioning.intake.pickup import PRESENT_FIRST
from provisioning.kinds import WELCOME
from provisioning.models import State, Step


def correct_address(account: Account, email: str, facts: dict | None = None) -> None:
    """Change an address that nobody has proven.

    Links to the old address are void from now on, and the welcome letter is owed anew. If somebody else's account has
    the new address, its owner gets the letter (the one that says how to get in), nothing here is lost, and the page
    says the same: a stranger cannot tell.
    """
    with transaction.atomic():
        lock_accounts([account.pk])
        old, changed = account.email, Account.objects.filter(pk=account.pk, mailbox_proven_at=None)
        if not _move_to(changed, email):
            changed.update(address_taken=email)
        email_links.end_all(account)
        _owe_welcome_anew(account, facts or {})
        Event.objects.create(
            account=account,
            voice=Voice.THEY,
            kind=EventKind.CORRECTED_ADDRESS,
            shown="receipt.safe",
            detail=f"{old} → {email}",
        )
        recompute([account.pk])


def _move_to(accounts, email: str) -> bool:
    try:
        with transaction.atomic():
            return bool(accounts.update(email=email, address_taken=""))
    except IntegrityError:
        return False


def _owe_welcome_anew(account: Account, facts: dict) -> None:
    """Reopen the welcome letter under a new key.

    The letter that may be under way to the old address no longer counts.
    """
    Step.objects.of_setup().filter(account=account, kind=WELCOME).update(
        state=State.OPEN,
        key=uuid.uuid4(),
        epoch=F("epoch") + 1,
        attempts=0,
        due_at=Now() - PRESENT_FIRST,
        created_at=Now(),
        leased=False,
        error="",
        failed_at=None,
        permanent=False,
        reference="",
        done_at=None,
        facts=facts,
    )
