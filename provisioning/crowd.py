"""Steps under way in threads: a pool for each dependency, so that one that hangs holds up no other's."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

from provisioning import journey
from provisioning.journey import Result
from provisioning.models import Step
from provisioning.settle import settle

AHEAD = 2  # steps claimed for each thread
MOST_AHEAD = 16  # for a dependency so quick that some of its threads run dry between two claims
GATHER = 0.005  # seconds to wait for more results that can be settled in the same transaction
ASK_AGAIN_AFTER = 0.5  # seconds, while the database is away


class Crowd:
    """Start claimed steps, gather what became of them, settle it. Leaving it waits for all that has begun."""

    def __init__(self) -> None:
        self.pools: dict[str, ThreadPoolExecutor] = {}
        self.held: Counter[str] = Counter()  # by dependency, claimed and not gathered
        self.ahead: dict[str, int] = {}
        self.finished: SimpleQueue[Result] = SimpleQueue()
        self.results: list[Result] = []  # gathered, and not settled
        self.stopped = False  # nothing more may begin
        self.tries = 0

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_error) -> None:
        self.stopped = True
        for pool in self.pools.values():
            pool.shutdown()
        self._take_what_is_there()
        self.settle()

    def free(self, dependency: str) -> int:
        """How many more to claim: a thread that finishes finds the next step already there."""
        busy = self.held[dependency]
        ahead = self.ahead.get(dependency, AHEAD)
        if dependency in self.ahead and busy < settings.SETUP_THREADS:
            self.ahead[dependency] = ahead = min(2 * ahead, MOST_AHEAD)
        return max(0, ahead * settings.SETUP_THREADS - busy)

    def start(self, steps: Sequence[Step]) -> None:
        last_start = time.monotonic() + settings.SETUP_LEASE.total_seconds() / 4
        for step in steps:
            if step.dependency not in self.pools:
                self.pools[step.dependency] = ThreadPoolExecutor(settings.SETUP_THREADS, step.dependency)
            self.held[step.dependency] += 1
            self.ahead.setdefault(step.dependency, AHEAD)
            self.pools[step.dependency].submit(self._perform, step, last_start)

    def _perform(self, step: Step, last_start: float) -> None:
        """Not when it has waited so long for a thread that its lease may lapse under way."""
        if self.stopped or time.monotonic() > last_start:
            self.finished.put(Result(step, 0, too_late=True))
            return
        try:
            self.finished.put(journey.perform(step))
        finally:
            connections.close_all()

    def gather(self) -> bool:
        """Wait for the next ones to finish. False: nothing is under way."""
        if not self.held.total():
            return False
        self._take(self.finished.get())
        if self.held.total():
            time.sleep(GATHER)
        self._take_what_is_there()
        return True

    def _take(self, result: Result) -> None:
        self.held[result.step.dependency] -= 1
        self.results.append(result)

    def _take_what_is_there(self) -> None:
        with suppress(Empty):
            while True:
                self._take(self.finished.get_nowait())

    def settle(self) -> None:
        """All that was gathered, in one transaction."""
        if not self.results:
            return
        done = [result for result in self.results if not result.too_late]
        self._write(done)
        journey.give_back([result.step for result in self.results if result.too_late])
        self.tries += len(done)
        for result in self.results:
            if result.too_late or result.failure:
                self.ahead[result.step.dependency] = AHEAD
        self.results = []

    def _write(self, results: Sequence[Result]) -> None:
        """A letter that has gone out is worth waiting for the database: forgotten, it would go out again.

        Raises OperationalError when it is still away after a lease.
        """
        until = time.monotonic() + settings.SETUP_LEASE.total_seconds()
        while True:
            try:
                return settle(results)
            except (OperationalError, InterfaceError):
                if time.monotonic() > until:
                    raise
                self.stopped = True
                connection.close()
                time.sleep(ASK_AGAIN_AFTER)
