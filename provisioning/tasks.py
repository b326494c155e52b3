"""What Celery carries out. A message is a hint that may be lost, doubled or late: the rows know better."""

from datetime import timedelta
from threading import Lock

from celery import shared_task
from django.conf import settings

from provisioning import journey, sweep

HINT = "provisioning.hints:Hint"
_draining = Lock()


@shared_task(name="provisioning.run_step")
def run_step(tickets: list[list[int]]) -> None:
    """Carry out the steps of these (id, epoch) tickets; whoever comes second finds them stale."""
    sweep.carry_out(journey.claim_tickets(tickets))


@shared_task(name="provisioning.sweep", Request=HINT)
def sweep_() -> None:
    """One tick. Of many at once (a backlog, two beats) only the first sweeps, by the database's clock."""
    if not sweep.first_this("tick", timedelta(seconds=settings.SWEEP_SECONDS / 2)):
        return
    sweep.fetch_everywhere()
    if sweep.anything_due():
        drain.apply_async(expires=settings.SWEEP_SECONDS * 5)


@shared_task(name="provisioning.drain", Request=HINT)
def drain() -> None:
    """One drain at a time in a process: it has its own threads."""
    if _draining.acquire(blocking=False):
        try:
            sweep.drain()
        finally:
            _draining.release()
