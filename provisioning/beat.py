"""Celery beat scheduler: our entries from the settings, the operator's from the table, safe against clock jumps.

django-celery-beat waits until a last run that lies in the future is over, dies of a row it cannot read, and lets
whoever edits the row of the sweep stop it. Here what stands in the settings is kept as it was made at start, whatever
becomes of its row, and a row that cannot be read is shown at the desk and left out.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from accounts.database.errors import DATABASE_ERRORS, is_away
from provisioning.engine import faults

logger = logging.getLogger(__name__)

MOST_TICKS = 100  # kept in their queue, the newest; one would do
A_JUMP = 1.0  # seconds by which the wall clock left the monotonic one
BY_HAND = {"enabled": True, "one_off": False, "start_time": None, "expires": None}


class Row(ModelEntry):
    """Schedule entry from a row of the table. Raises ValueError and others if it cannot be read."""

    last_run_at: datetime

    def __init__(self, model: PeriodicTask, app=None) -> None:
        super().__init__(model, app)
        if not hasattr(self, "kwargs"):
            raise ValueError("its arguments are no JSON")
        if not (isinstance(self.args, list) and isinstance(self.kwargs, dict)):
            raise ValueError("its arguments are no list and no object")
        if getattr(self.schedule, "run_every", timedelta.max) <= timedelta(0):
            raise ValueError("it would run without a pause")

    def is_due(self):
        self.last_run_at = min(self.last_run_at, timezone.now())  # this host's clock, as what it is compared with
        return super().is_due()

    def save(self) -> None:
        """Store the last run by an UPDATE.

        Saving the row validates it, and one that is no longer valid would end the beat.
        """
        row = PeriodicTask.objects.filter(pk=self.model.pk)
        row.update(last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count)

    @classmethod
    def _unpack_fields(cls, **fields):
        """Fields of a row as the settings have them at start; nothing is left of what was done to it by hand."""
        return super()._unpack_fields(**fields) | BY_HAND


class Scheduler(DatabaseScheduler):
    """Database scheduler that keeps its schedule while the database is away, and leaves out unreadable rows."""

    Entry = Row
    _offset = 0.0
    _at_work = False

    def all_as_schedule(self):
        try:
            rows = self._readable()
        except DATABASE_ERRORS as error:
            if self._schedule is None or not is_away(error):
                raise
            logger.warning("The database is away (%s); the schedule stays as it was.", error)
            return self._schedule
        ours = {name: entry for name, entry in (self._schedule or {}).items() if name in self.app.conf.beat_schedule}
        return rows | ours

    def _readable(self) -> dict[str, Row]:
        found: dict[str, Row] = {}
        rows = list(PeriodicTask.objects.filter(enabled=True))

        def read(row: PeriodicTask) -> None:
            found[row.name] = Row(row, app=self.app)

        faults.each(rows, read, "reading when it is to run")
        if noted := set(faults.noted(PeriodicTask)):
            faults.forget(PeriodicTask, noted & {str(entry.model.pk) for entry in found.values()})
        return found

    def tick(self, *args, **kwargs):
        """Run what is due, after a rebuild of the heap if the wall clock has jumped.

        The heap holds times of the wall clock.
        """
        before, self._offset = self._offset, time.time() - time.monotonic()
        if abs(self._offset - before) > A_JUMP:
            self._heap = None
        with self._working():
            return super().tick(*args, **kwargs)

    def sync(self):
        with self._working():
            super().sync()

    def close(self):
        """Close the schedule, unless a tick or a sync is under way.

        Celery closes in its signal handler, and once more when the exception that this raises has come up. In the
        handler the query that it has interrupted still holds the connection: to ask another one there would wait for
        ever. Afterwards that connection is in the middle of something, so the last words get a new one.
        """
        if not self._at_work:
            connection.close()
            super().close()

    @contextmanager
    def _working(self) -> Iterator[None]:
        before, self._at_work = self._at_work, True
        try:
            yield
        finally:
            self._at_work = before

    def apply_async(self, entry, producer=None, advance=True, **kwargs):
        """Send a task, and trim its queue to the newest MOST_TICKS messages.

        Without a worker ticks would pile up in the broker for as long as nobody comes.
        """
        sent = super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        self.producer.channel.client.ltrim(settings.CELERY_TASK_DEFAULT_QUEUE, 0, MOST_TICKS - 1)
        return sent
