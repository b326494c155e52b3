"""Delivery of events: one POST, signed by the Standard Webhooks rules; 2xx is heard, everything else is tried again.

All tries of an event have one webhook-id and one body. A receiver that answers 429 is left alone until it said, one
that answers 410 until somebody says `manage.py resume_events` or names another EVENTS_URL: what is owed is kept.
"""

import hashlib
import json
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from standardwebhooks import Webhook

from accounts.database.clock import database_now
from product.events.occasions import CHANGED, DELETED, FAILED, PRODUCT, READY, SUSPENDED
from provisioning.errands.kinds import ErrandKind
from provisioning.exceptions import HeldForAll
from provisioning.models import Errand, Heartbeat, State
from provisioning.workspaces.answer import not_taken
from provisioning.workspaces.http import ask

WHO = "the product"
LONGEST_ANSWER = 8 * 1024  # bytes that are read of what a receiver says
TOO_MANY, GONE = 429, 410
REST = 60  # seconds, after a 429 that does not say how long
LOOK_AGAIN = timedelta(minutes=10)


def tell(errand: Errand) -> str:
    """Hand an event over. Raises StepFailed where the receiver has not taken it."""
    if not settings.EVENTS_URL:
        raise HeldForAll("EVENTS_URL names nobody to tell", database_now() + LOOK_AGAIN)
    if stopped().exists():
        raise HeldForAll(_stop_words(), database_now() + LOOK_AGAIN)
    body = body_of(errand)
    answer = ask("POST", settings.EVENTS_URL, _headers(errand, body), who=WHO, most=LONGEST_ANSWER, body=body)
    if 200 <= answer.status < 300:
        return ""
    failure = not_taken(answer, WHO)
    if answer.status == GONE:
        Heartbeat.objects.update_or_create(name=_stop_name(), defaults={"at": Now()})
        raise HeldForAll(_stop_words(), database_now() + LOOK_AGAIN)
    if answer.status == TOO_MANY:
        wait = REST if failure.retry_after is None else failure.retry_after
        raise HeldForAll(failure.reason, database_now() + timedelta(seconds=wait))
    raise failure


def body_of(errand: Errand) -> bytes:
    """The event as JSON, the same bytes at every try."""
    facts = {"type": errand.kind, "timestamp": errand.facts["at"], "data": errand.facts["data"]}
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def _headers(errand: Errand, body: bytes) -> dict[str, str]:
    now, name = database_now(), str(errand.key)
    signatures = [Webhook(secret).sign(name, now, body.decode()) for secret in settings.EVENTS_SECRETS]
    return {
        "Content-Type": "application/json",
        "User-Agent": "standard-webhooks",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def stopped() -> QuerySet[Heartbeat]:
    """The word of the receiver at EVENTS_URL that it wants no more, if it said so."""
    return Heartbeat.objects.filter(name=_stop_name())


def _stop_name() -> str:
    return f"events stopped {hashlib.sha256(settings.EVENTS_URL.encode()).hexdigest()[:16]}"


def _stop_words() -> str:
    return "the product asked us to stop (410); if it is to be told again: manage.py resume_events"


def resume() -> int:
    """Tell the receiver again, after it asked us to stop, and now what waits. Returns how many events are owed."""
    stopped().delete()
    owed = Errand.objects.filter(dependency=PRODUCT, state=State.OPEN)
    owed.update(held=False, due_at=Now())
    return owed.count()


KINDS = {name: ErrandKind(tell, PRODUCT) for name in (READY, CHANGED, FAILED, SUSPENDED, DELETED)}
