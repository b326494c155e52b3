"""Periodic sweep: picks up new arrivals, hands out what is due, repairs what was left lying, leaves a heartbeat.

The net: on a timer, with no act of anybody's, it finds whoever was left lying. Its cost grows with what is due,
never with the number of accounts: every query has an index made for it.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from accounts.database.clock import long_ago
from accounts.models import Account
from accounts.status import UNFINISHED
from provisioning.engine import faults, loop
from provisioning.engine.loop import ENGINE
from provisioning.engine.phases import Phase, run_phases
from provisioning.engine.settle import give_tries_back, lock_accounts, recompute
from provisioning.engine.sources import sources
from provisioning.intake.pickup import BATCH, LETTERS_ASKED_FOR, fetch_letters, pick_up, who_asked
from provisioning.key_fingerprints import key_mark
from provisioning.kinds import names_of, setup_kinds
from provisioning.models import Heartbeat, Outage, Step
from provisioning.unknown_kinds import counted, follow_dependencies

RECONCILE_EVERY = timedelta(minutes=1)


def sweep() -> None:
    """Run a whole sweep in this process, as `manage.py sweep` does without Celery."""
    fetch_everywhere()
    if drain():
        fetch_everywhere()


def fetch_everywhere(then: Callable[[], object] = lambda: None) -> None:
    """Let each package fetch what is ready for it (settings.SWEEPS), and leave a heartbeat.

    `then` is called after each: what one has made due need not wait for the others.
    """
    run_phases(_listed(settings.SWEEPS), then)
    beat("sweep", key_mark())


def fetch() -> None:
    """Fetch for the set-up: accounts that asked, and letters.

    Once in RECONCILE_EVERY also reconcile, and run settings.CHORES.
    """
    run_phases(
        [
            Phase("picking up who asked", partial(_until_fewer_than_a_batch, pick_up), [who_asked]),
            Phase("owing letters", partial(_until_fewer_than_a_batch, fetch_letters), LETTERS_ASKED_FOR),
        ]
    )
    if first_this("reconcile", RECONCILE_EVERY):
        reconcile()
        run_phases(_listed(settings.CHORES))


def _listed(paths: Iterable[str]) -> list[Phase]:
    return [Phase(path, import_string(path)) for path in paths]


def _until_fewer_than_a_batch(fetch_batch: Callable[[], int]) -> None:
    while fetch_batch() == BATCH:
        pass


def beat(*names: str) -> None:
    """Set the heartbeats of these names to the database's time."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=Now()) for name in sorted(names)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at"],
    )


def first_this(name: str, every: timedelta) -> bool:
    """True for the first to come for this chore in `every`, however many sweeps there are."""
    mine = Heartbeat.objects.filter(name=name)
    due = mine.filter(long_ago("at", every))
    if due.update(at=Now()):
        return True
    if mine.exists():
        return False
    Heartbeat.objects.bulk_create([Heartbeat(name=name, at=Now() - every)], ignore_conflicts=True)
    return due.update(at=Now()) == 1


def reconcile() -> None:
    """Reconcile accounts and steps with each other.

    Settling never leaves them apart, but a restored backup, a row changed by hand or a new set-up step may.
    """
    unfinished = Account.objects.filter(status__in=UNFINISHED, asked_at=None, is_active=True)
    run_phases(
        [
            Phase("following dependencies", follow_dependencies),
            Phase("giving tries back", partial(give_tries_back, Outage.objects.all())),
            Phase("doubting times", doubt_times),
            Phase("putting statuses right", partial(_recompute_settled, unfinished)),
            Phase("asking for missing steps", partial(_ask_for_missing_steps, unfinished)),
        ]
    )


def doubt_times() -> None:
    """Make due now each step that is due later than any wait or lease makes it: some other clock's doing."""
    longest = max(timedelta(days=1), timedelta(seconds=max(settings.SETUP_RETRY_SECONDS))) + timedelta(hours=1)
    owed = Step.objects.owed()
    owed.filter(leased=True, due_at__gt=Now() + 2 * settings.SETUP_LEASE).update(due_at=Now())
    owed.filter(leased=False, due_at__gt=Now() + longest).update(due_at=Now())


def _recompute_settled(unfinished: QuerySet[Account]) -> None:
    """Recompute the status of accounts that have nothing left to pay and yet are unfinished."""
    owed = Step.objects.of_setup().owed().filter(account=OuterRef("pk")).filter(counted())
    faults.together(unfinished.filter(~Exists(owed)), _lock_and_recompute, "putting the status right", BATCH)


def _lock_and_recompute(accounts: QuerySet[Account]) -> None:
    ids = list(accounts.values_list("pk", flat=True))
    lock_accounts(ids)
    recompute(ids)


def _ask_for_missing_steps(unfinished: QuerySet[Account]) -> None:
    """Ask for steps that accounts never got, also for one that the platform added after they signed up."""
    for name in setup_kinds():
        has_it = Step.objects.of_setup().filter(account=OuterRef("pk"), kind__in=names_of(name))
        lacking = unfinished.filter(~Exists(has_it)).values("pk")[:BATCH]
        Account.objects.filter(pk__in=lacking).update(asked_at=Now())


def drain(seconds: float = loop.LONGEST_DRAIN) -> int:
    """Claim, perform in threads and settle in batches until nothing is due. Returns how many tries."""
    return ENGINE.run(seconds)


def anything_due() -> bool:
    """True if any source of work has something due."""
    return any(source.any_due() for source in sources())
