"""The net. On a timer, with no act of anybody's, it finds whoever was left lying.

Its cost grows with what is due, never with the number of accounts: every query has an index made for it.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from accounts.models import Account
from accounts.status import UNFINISHED
from provisioning import journey, outages
from provisioning.crowd import Crowd
from provisioning.models import OWED, Heartbeat, Outage, Step
from provisioning.parked import counted, follow_dependencies, payable
from provisioning.pickup import BATCH, fetch_letters, pick_up
from provisioning.settle import forgive, lock_accounts, recompute
from provisioning.steps import kinds_needing, names_of, setup_kinds

RECONCILE_EVERY = timedelta(minutes=1)
LONGEST_DRAIN = 20.0  # seconds; then the next sweep goes on


def sweep() -> None:
    """Everything in one process, as `manage.py sweep` does without Celery."""
    fetch_everywhere()
    if drain():
        fetch_everywhere()


def fetch_everywhere() -> None:
    """Let each room fetch what is ready for it, and leave a heartbeat. Settings name the rooms."""
    for path in settings.SWEEPS:
        import_string(path)()
    beat("sweep")


def fetch() -> None:
    while pick_up() == BATCH:
        pass
    while fetch_letters() == BATCH:
        pass
    if first_this("reconcile", RECONCILE_EVERY):
        reconcile()
        for path in settings.CHORES:
            import_string(path)()


def beat(name: str) -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=Now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
    )


def first_this(name: str, every: timedelta) -> bool:
    """Whether we are the first to come for this chore in `every`; however many sweeps there are."""
    Heartbeat.objects.bulk_create([Heartbeat(name=name, at=Now() - every)], ignore_conflicts=True)
    return Heartbeat.objects.filter(name=name, at__lte=Now() - every).update(at=Now()) == 1


def reconcile() -> None:
    """What settling never leaves but a restored backup, a row changed by hand or a new set-up step may."""
    for outage in Outage.objects.filter(ended_at=None):
        forgive(outage)
    unfinished = Account.objects.filter(status__in=UNFINISHED, asked_at=None, is_active=True)
    follow_dependencies()
    _recompute_settled(unfinished)
    _ask_for_missing_steps(unfinished)


def _recompute_settled(unfinished: QuerySet[Account]) -> None:
    """Accounts with nothing left to pay whose status says otherwise."""
    owed = Step.objects.filter(account=OuterRef("pk"), occasion="", state__in=OWED).filter(counted())
    ids = list(unfinished.filter(~Exists(owed)).values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        lock_accounts(ids)
        recompute(ids)


def _ask_for_missing_steps(unfinished: QuerySet[Account]) -> None:
    """Accounts that never got a step, also one that the platform added after they signed up."""
    for name in setup_kinds():
        has_it = Step.objects.filter(account=OuterRef("pk"), occasion="", kind__in=names_of(name))
        lacking = unfinished.filter(~Exists(has_it)).values("pk")[:BATCH]
        Account.objects.filter(pk__in=lacking).update(asked_at=Now())


def drain(seconds: float = LONGEST_DRAIN) -> int:
    """Claim, perform in threads and settle in batches until nothing is due. Returns how many tries."""
    deadline = time.monotonic() + seconds
    with Crowd() as crowd:
        while True:
            gathered = crowd.gather()
            if time.monotonic() < deadline and not crowd.stopped:
                _claim_into(crowd)  # before settling, so that the threads have work meanwhile
            crowd.settle()
            if not gathered and not crowd.held.total():
                return crowd.tries


def _claim_into(crowd: Crowd) -> None:
    for name, kinds in kinds_needing().items():
        free = crowd.free(name)
        if free and (may := outages.allowance(name, free)):
            crowd.start(journey.claim_due(name, kinds, may))


def carry_out(steps: Sequence[Step]) -> None:
    """Perform and settle these claimed steps, each as soon as it is done."""
    with Crowd() as crowd:
        crowd.start(steps)
        while crowd.gather():
            crowd.settle()


def anything_due() -> bool:
    return payable().filter(due_at__lte=Now()).exists()
