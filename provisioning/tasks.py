"""Celery tasks of the set-up.

A message is a hint that may be lost, doubled or late: the rows know better.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import shared_task
from celery.signals import worker_shutdown, worker_shutting_down
from django.conf import settings

from provisioning import sweep
from provisioning.engine import claim
from provisioning.engine.loop import ENGINE, PATIENCE
from provisioning.intake import pickup
from provisioning.models import Step

HINT = "provisioning.message_expiry:Hint"


@shared_task(name="provisioning.look_after")
def look_after(account_id: str) -> None:
    """Begin what is due for the account whose owner is looking, before all else."""
    ENGINE.start(partial(_pick_up_and_claim, UUID(account_id)))
    ENGINE.wake(0)


def _pick_up_and_claim(account_id: UUID) -> Sequence[Step]:
    pickup.pick_up([account_id])
    return claim.claim_tickets(pickup.tickets_of(account_id))


@shared_task(name="provisioning.run_step")
def run_step(tickets: Sequence[Sequence[int]]) -> None:
    """Carry out the steps of these (id, epoch) tickets; whoever comes second finds them stale."""
    ENGINE.start(partial(claim.claim_tickets, tickets))
    ENGINE.wake(0)


@shared_task(name="provisioning.sweep", Request=HINT)
def sweep_() -> None:
    """One tick of the sweep. Of many at once (a backlog, two beats) only the first sweeps, by the database's clock.

    What is due is begun here, whatever the queues look like; the message lets the other workers join in.
    """
    if not sweep.first_this("tick", timedelta(seconds=settings.SWEEP_SECONDS / 2)):
        return
    sweep.fetch_everywhere(then=_begin_what_is_due)
    if sweep.anything_due():
        drain.apply_async(expires=settings.SWEEP_SECONDS * 5)


def _begin_what_is_due() -> None:
    if sweep.anything_due():
        ENGINE.wake()


@shared_task(name="provisioning.drain", Request=HINT)
def drain() -> None:
    """Wake the engine, and return at once.

    The engine of this process has its own threads, and no task waits for a slow service.
    """
    ENGINE.wake()


@worker_shutting_down.connect
def begin_nothing_more(**_more) -> None:
    """Signal handler at the start of a worker's shutdown: the engine begins nothing more."""
    ENGINE.close()


@worker_shutdown.connect
def let_what_is_under_way_end(**_more) -> None:
    """Signal handler at the end of a worker's shutdown: a step under way has PATIENCE seconds to end."""
    ENGINE.wait(PATIENCE)
