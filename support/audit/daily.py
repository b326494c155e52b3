"""The audit of the day: asked for by the sweep, done by a worker in a task of its own, for it may take a minute."""

from datetime import datetime, timedelta
from typing import Any

from celery import current_app

from provisioning.dispatch import BROKER_ERRORS
from provisioning.models import Audit
from provisioning.sweep import first_this
from support.audit.audit import audit

EVERY = timedelta(days=1)
ASKED_EVERY = timedelta(minutes=30)
TASK = "support.audit"


def ask(now: datetime) -> None:
    """Ask a worker for the audit, if the last one is a day old.

    A message that is lost, or a broker that is away, costs half an hour.
    """
    if is_due(now) and first_this("audit asked for", ASKED_EVERY):
        message: dict[str, Any] = {"expires": ASKED_EVERY.total_seconds()}
        try:
            current_app.send_task(TASK, **message)
        except BROKER_ERRORS:
            return


def is_due(now: datetime) -> bool:
    """True if there was no audit within a day; one from the future does not count."""
    last = Audit.objects.last()
    return last is None or not now - EVERY < last.at <= now + timedelta(minutes=1)


def audit_if_due(now: datetime) -> None:
    """Audit, unless somebody else has meanwhile."""
    if is_due(now):
        audit()
