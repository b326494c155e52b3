"""What Celery carries out. A message is a hint that may be lost, doubled or late: the rows know better."""

from celery import shared_task
from django.conf import settings

from provisioning import journey, sweep
from provisioning.engine import ENGINE


@shared_task(name="provisioning.run_step")
def run_step(tickets: list[list[int]]) -> None:
    """Carry out the steps of these (id, epoch) tickets; whoever comes second finds them stale."""
    ENGINE.start(journey.claim_tickets(tickets))
    ENGINE.wake(0)


@shared_task(name="provisioning.sweep")
def sweep_() -> None:
    sweep.fetch_everywhere()
    if sweep.anything_due():
        drain.apply_async(expires=settings.SWEEP_SECONDS * 5)


@shared_task(name="provisioning.drain")
def drain() -> None:
    """Returns at once: the engine of this process has its own threads, and no task waits for a slow service."""
    ENGINE.wake()
