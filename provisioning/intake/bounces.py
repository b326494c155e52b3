"""Bounces and complaints, reported by the mail service to our webhook (anymail's tracking events)."""

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Account, Event, EventKind, Voice, normal_email
from provisioning.engine.faults import storable
from provisioning.engine.settle import lock_accounts, recompute
from provisioning.kinds import WELCOME
from provisioning.models import State, Step

CAME_BACK = (EventType.BOUNCED, EventType.REJECTED)
FOR_GOOD = (RejectReason.BOUNCED, RejectReason.INVALID)


def heard(sender, event: AnymailTrackingEvent, esp_name: str, **_more) -> None:
    """Signal handler for a tracking event, as anymail makes it of whichever mail service's webhook."""
    account = Account.objects.filter(email=normal_email(storable(event.recipient or ""))).first()
    if account is None:
        return
    # After a soft bounce Postmark goes on trying, and tells us how that ended.
    goes_on = isinstance(event.esp_event, dict) and event.esp_event.get("Type") == "SoftBounce"
    reason = storable(event.mta_response or event.description or "no reason was given")
    if event.event_type == EventType.COMPLAINED:
        detail = storable(f"{esp_name}: {reason}")
        Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.COMPLAINED, detail=detail)
    elif event.event_type in CAME_BACK and event.reject_reason in FOR_GOOD and not goes_on:
        record_bounce(account, storable(f"the letter came back: {reason}"))


def record_bounce(account: Account, reason: str) -> None:
    """Record that an address takes no mail, and give its welcome letter up.

    If its owner has proven it before, that is only worth a line.
    """
    with transaction.atomic():
        lock_accounts([account.pk])
        Event.objects.create(account=account, voice=Voice.WE, kind=f"{WELCOME}.bounced", detail=reason)
        unproven = Step.objects.of_setup().filter(account=account, kind=WELCOME, account__mailbox_proven_at=None)
        unproven.exclude(state=State.DEAD).update(
            state=State.DEAD, permanent=True, error=reason, failed_at=Now(), leased=False, epoch=F("epoch") + 1
        )
        recompute([account.pk])
