"""The net. On a timer, with no act of anybody's, it finds whoever was left lying.

Its cost grows with what is due, never with the number of accounts: every query has an index made for it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from accounts.models import Account
from accounts.status import UNFINISHED
from provisioning import journey, outages
from provisioning.models import OWED, Heartbeat, Outage, Step
from provisioning.pickup import BATCH, fetch_letters, pick_up
from provisioning.settle import forgive, lock_accounts, recompute, settle
from provisioning.steps import kinds_needing, setup_kinds

RECONCILE_EVERY = timedelta(minutes=1)
LONGEST_DRAIN = 20.0  # seconds; then the next sweep goes on
AHEAD = 2  # steps claimed for each thread
MOST_AHEAD = 16  # for a dependency so quick that some of its threads run dry between two claims
GATHER = 0.005  # seconds to wait for more results that can be settled in the same transaction


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
    _recompute_settled(unfinished)
    _ask_for_missing_steps(unfinished)


def _recompute_settled(unfinished: QuerySet[Account]) -> None:
    """Accounts with nothing left to pay whose status says otherwise."""
    owed = Step.objects.filter(account=OuterRef("pk"), occasion="", state__in=OWED)
    ids = list(unfinished.filter(~Exists(owed)).values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        lock_accounts(ids)
        recompute(ids)


def _ask_for_missing_steps(unfinished: QuerySet[Account]) -> None:
    """Accounts that never got a step, also one that the platform added after they signed up."""
    for kind in setup_kinds():
        has_it = Step.objects.filter(account=OuterRef("pk"), occasion="", kind=kind)
        lacking = unfinished.filter(~Exists(has_it)).values("pk")[:BATCH]
        Account.objects.filter(pk__in=lacking).update(asked_at=Now())


def drain(seconds: float = LONGEST_DRAIN) -> int:
    """Claim, perform in threads and settle in batches until nothing is due. Returns how many tries."""
    deadline = time.monotonic() + seconds
    with Crowd() as crowd:
        while True:
            if time.monotonic() < deadline:
                _claim_into(crowd)
            if not crowd.settle_some():
                return crowd.tries


def _claim_into(crowd: "Crowd") -> None:
    for name, kinds in kinds_needing().items():
        free = crowd.free(name)
        if free and (may := outages.allowance(name, free)):
            crowd.start(journey.claim_due(name, kinds, may))


def carry_out(steps: Sequence[Step]) -> None:
    """Perform and settle these claimed steps, each as soon as it is done."""
    with Crowd() as crowd:
        crowd.start(steps)
        while crowd.settle_some():
            pass


class Crowd:
    """Steps under way in threads: a pool for each dependency, so that one that hangs holds up no other's."""

    def __init__(self) -> None:
        self.pools: dict[str, ThreadPoolExecutor] = {}
        self.running: dict[Future, str] = {}
        self.ahead: dict[str, int] = {}
        self.tries = 0

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_error) -> None:
        for pool in self.pools.values():
            pool.shutdown()

    def free(self, dependency: str) -> int:
        """How many more to claim: a thread that finishes finds the next step already there."""
        busy = sum(name == dependency and not future.done() for future, name in self.running.items())
        ahead = self.ahead.get(dependency, AHEAD)
        if dependency in self.ahead and busy < settings.SETUP_THREADS:
            self.ahead[dependency] = ahead = min(2 * ahead, MOST_AHEAD)
        return ahead * settings.SETUP_THREADS - busy

    def start(self, steps: Sequence[Step]) -> None:
        last_start = time.monotonic() + settings.SETUP_LEASE.total_seconds() / 4
        for step in steps:
            if step.dependency not in self.pools:
                self.pools[step.dependency] = ThreadPoolExecutor(settings.SETUP_THREADS, step.dependency)
            future = self.pools[step.dependency].submit(_perform_in_a_thread, step, last_start)
            self.running[future] = step.dependency
            self.ahead.setdefault(step.dependency, AHEAD)

    def settle_some(self) -> bool:
        """Wait for the next ones to finish and settle them together. False: nothing is under way."""
        if not self.running:
            return False
        wait(self.running, return_when=FIRST_COMPLETED)
        finished, _rest = wait(self.running, timeout=GATHER)
        for future in finished:
            del self.running[future]
        self._settle([future.result() for future in finished])
        return True

    def _settle(self, results: Sequence[journey.Result]) -> None:
        done = [result for result in results if not result.too_late]
        settle(done)
        journey.give_back([result.step for result in results if result.too_late])
        self.tries += len(done)
        for result in results:
            if result.too_late or result.failure:
                self.ahead[result.step.dependency] = AHEAD


def _perform_in_a_thread(step: Step, last_start: float) -> journey.Result:
    """Not when it has waited so long for a thread that its lease may lapse under way."""
    if time.monotonic() > last_start:
        return journey.Result(step, 0, too_late=True)
    try:
        return journey.perform(step)
    finally:
        connections.close_all()


def anything_due() -> bool:
    return Step.objects.filter(state__in=OWED, due_at__lte=Now()).exists()
