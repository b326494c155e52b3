"""Sweep of what is older than RETENTION_DAYS says, once an hour and in batches, each table by itself."""

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from accounts.profile.retention import Kept
from provisioning.engine.phases import Phase, run_phases
from provisioning.models import Attempt, Errand, State
from provisioning.sweep import first_this

EVERY = timedelta(hours=1)
MOST_BATCHES = 50  # of one table in an hour: a sweep has other things to do


def sweep_old() -> None:
    """Delete what is too old, unless another sweep has within the hour (settings.CHORES)."""
    if settings.RETENTION_DAYS and first_this("retention", EVERY):
        tables = all_tables()
        run_phases(
            [
                Phase(f"deleting old {name}", partial(_delete_old, tables[name], days))
                for name, days in settings.RETENTION_DAYS.items()
            ]
        )


def all_tables() -> dict[str, Kept]:
    """What may be deleted when it is old, of all rooms (settings.RETENTION_TABLES)."""
    return {name: kept for path in settings.RETENTION_TABLES for name, kept in import_string(path).items()}


def _delete_old(kept: Kept, days: int) -> None:
    for _batch in range(MOST_BATCHES):
        if not kept.delete_batch(days):
            return


def _told() -> QuerySet[Errand]:
    """Errands that are done; a suspension that lasts is known by its errand."""
    return Errand.objects.filter(state=State.DONE).exclude(occasion__startswith="suspended ")


TABLES = {
    "tries": Kept(Attempt.objects.all, "ended_at", in_order=True),
    "errands": Kept(_told, "done_at"),
}
