"""Engine loop of a process: claims what is due, performs it in threads, settles what became of it.

One for each process, with a pool of threads for each dependency, so that one that hangs holds its own threads and
nobody else's, and nothing ever waits for the slowest. Whoever has work wakes the loop; it ends when nothing is due
and nothing is under way.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, connections

from accounts.database.errors import DATABASE_ERRORS, is_passing
from provisioning.engine import circuit_breaker, faults
from provisioning.engine.claim import Result
from provisioning.engine.pool import Pool
from provisioning.engine.sources import STEPS, Source, settle_each_by_itself, sources
from provisioning.exceptions import StepFailed

logger = logging.getLogger(__name__)

AHEAD = 2  # rows claimed for each thread
MOST_AHEAD = 16  # for a dependency so quick that some of its threads run dry between two claims
GATHER = 0.005  # seconds to wait for more results that can be settled in the same transaction
FEW = 4  # so few under way are waited for one by one, and longer: they may be all of one newcomer's
GATHER_FEW = 0.02
LOOK = 0.25  # seconds between two looks for what is due, while all that is under way takes its time
ASK_AGAIN_AFTER = 0.5  # seconds, while the database is away
LEASES = 3  # so many leases one may take in all; then it hangs
REST = 10.0  # seconds, for a claim that broke
KEEP_CONNECTION = 5.0  # seconds that the loop keeps its own while it sleeps; to open one takes longer than to settle
PATIENCE = 20.0  # seconds that what is under way has to end when the process does
LONGEST_DRAIN = 20.0  # seconds that a call to wake is good for


@dataclass(eq=False)
class Job:
    """One claimed row on its way through the engine, from its claim to its settling."""

    source: Source
    row: Any
    claimed: float
    begun: float | None = None
    renewed: float = 0.0
    written_off: bool = False


class Patience:
    """Time limit of PATIENCE seconds, from when it is first asked."""

    def __init__(self) -> None:
        self.until: float | None = None

    def is_over(self) -> bool:
        self.until = self.until or time.monotonic() + PATIENCE
        return time.monotonic() > self.until


class Engine:
    """Engine of a process: a loop in one thread, and a thread pool for each dependency."""

    def __init__(self) -> None:
        self.pools: dict[str, Pool] = {}
        self.jobs: dict[str, set[Job]] = defaultdict(set)  # by dependency, claimed and not gathered
        self.ahead: dict[str, int] = {}
        self.rests: dict[tuple[str, Source], float] = {}
        self.idle: dict[tuple[str, Source], float] = {}  # nothing was due there a moment ago
        self.inbox: SimpleQueue[Callable[[], Sequence[Any]]] = SimpleQueue()  # what somebody waits for
        self.finished: SimpleQueue[tuple[Job, Result] | None] = SimpleQueue()  # None: look into the inbox
        self.results: list[tuple[Job, Result]] = []  # gathered, and not settled
        self.claim_until = 0.0
        self.tries = 0
        self.closing = False
        self.loop = threading.Lock()
        self.waking = threading.Lock()
        self.bell = threading.Event()
        self.thread: threading.Thread | None = None
        self.is_awake = False

    # Waking, running, ending.

    def wake(self, seconds: float = LONGEST_DRAIN) -> None:
        """Work off what is due for so many seconds, in a thread of our own; a call while it runs prolongs it."""
        with self.waking:
            self.claim_until = max(self.claim_until, time.monotonic() + seconds)
            self.idle = {}
            self.is_awake = True
            self.bell.set()
            if not (self.thread and self.thread.is_alive()):
                self.thread = threading.Thread(target=self._answer_the_bell, name="engine", daemon=True)
                self.thread.start()

    def _answer_the_bell(self) -> None:
        while True:
            if not self.bell.wait(KEEP_CONNECTION):
                connections.close_all()
                self.bell.wait()
            close_old_connections()
            self._work_while_woken()

    def _work_while_woken(self) -> None:
        try:
            while self._has_been_woken():
                with self.loop:
                    faults.turn("phase", "the engine", self._work, "", whole=False)  # noted; it never rests
        except DATABASE_ERRORS as error:
            logger.warning("the database is away: %s", error)
            connections.close_all()
        finally:
            self.is_awake = self.bell.is_set()

    def _has_been_woken(self) -> bool:
        with self.waking:
            self.is_awake = self.bell.is_set()
            self.bell.clear()
            return self.is_awake

    def run(self, seconds: float = LONGEST_DRAIN) -> int:
        """Work off what is due in the caller's thread, until all is done. Returns how many tries."""
        with self.loop:
            before = self.tries
            self.claim_until = max(self.claim_until, time.monotonic() + seconds)
            self.idle = {}
            self._work()
            return self.tries - before

    def start(self, claim: Callable[[], Sequence[Any]]) -> None:
        """Perform the steps that this claims, before all else and over the connection of the loop, which is warm.

        Somebody has to wake or run the engine after it.
        """
        self.inbox.put(claim)
        self.finished.put(None)

    def close(self) -> None:
        """Begin nothing more; what is under way may end, and is settled."""
        self.closing = True

    def wait(self, seconds: float) -> bool:
        """Wait until the engine sleeps, at most so many seconds. False: it has not come to that."""
        until = time.monotonic() + seconds
        while self.is_awake and time.monotonic() < until:
            time.sleep(0.01)
        return not self.is_awake

    # The loop.

    def _work(self) -> None:
        closing = Patience()
        while not (self.closing and closing.is_over()):
            everywhere = not self.idle
            self._with_what_is_in_hand_kept_safe(self._take_in)
            gathered = self._gather()
            may_claim = not self.closing and time.monotonic() < self.claim_until
            claimed = self._with_what_is_in_hand_kept_safe(self._claim) if may_claim else 0
            self._settle()
            self._with_what_is_in_hand_kept_safe(self._look_after_the_slow)
            if gathered or claimed or self._held() or not self.inbox.empty():
                continue
            if everywhere:
                return
            self.idle = {}  # for a last look everywhere

    def _with_what_is_in_hand_kept_safe(self, do: Callable[[], int]) -> int:
        """Run `do`; if the database is away while results are in hand, 0.

        That is no reason to forget what was carried out already.
        """
        try:
            return do()
        except DATABASE_ERRORS as error:
            if not is_passing(error) or not (self.results or self._held()):
                raise
            if not connection.in_atomic_block:
                connection.close()
            return 0

    def _held(self) -> int:
        return sum(len(jobs) for jobs in self.jobs.values())

    def _take_in(self) -> int:
        before = self._held()
        with suppress(Empty):
            while True:
                claim = self.inbox.get_nowait()
                faults.turn("phase", "beginning at once", partial(self._submit_all, STEPS, claim), "", whole=False)
        return self._held() - before

    def _gather(self) -> int:
        """Take what has finished; wait a moment for it if something is under way."""
        before = len(self.results)
        if self._held():
            with suppress(Empty):
                self._take(self.finished.get(timeout=LOOK))
                self._wait_for_more()
        with suppress(Empty):
            while True:
                self._take(self.finished.get_nowait())
        return len(self.results) - before

    def _wait_for_more(self) -> None:
        if self._held() > FEW:
            time.sleep(GATHER)
        until = time.monotonic() + GATHER_FEW
        while 0 < self._held() <= FEW and (left := until - time.monotonic()) > 0:
            self._take(self.finished.get(timeout=left))

    def _take(self, done: tuple[Job, Result] | None) -> None:
        if done:
            self.jobs[done[0].row.dependency].discard(done[0])
            self.results.append(done)

    # Claiming.

    def _claim(self) -> int:
        """Claim for each dependency of each source. Returns how many.

        Before settling, so that the threads have work meanwhile.
        """
        before = self._held()
        for source in sources():
            for name in source.dependencies():
                now = time.monotonic()
                if now < max(self.rests.get((name, source), 0.0), self.idle.get((name, source), 0.0)):
                    continue
                claim = partial(self._claim_for, name, source)
                if not faults.turn("phase", f"claiming for {name}", claim, "", whole=False):
                    self.rests[name, source] = time.monotonic() + REST
        return self._held() - before

    def _claim_for(self, name: str, source: Source) -> None:
        free = self._free(name, source)
        if free <= 0 or not (may := circuit_breaker.allowance(name, free)):
            return
        probe = may == 1 and circuit_breaker.is_broken(name)
        if self._submit_all(source, partial(source.claim, name, may, probe)):
            return
        self.idle[name, source] = time.monotonic() + LOOK
        if probe:
            circuit_breaker.leave_the_probe(name)

    def _free(self, name: str, source: Source) -> int:
        """Number of rows to claim: a few for each thread, more the quicker the dependency is.

        Other rooms' letters hold a quarter of the threads at most, so that neither waits for the other.
        """
        if name in self.pools and self.pools[name].exhausted:
            return 0
        if source is not STEPS:
            return max(1, settings.SETUP_THREADS // 4) - sum(job.source is source for job in self.jobs[name])
        held = len(self.jobs[name])
        ahead = self.ahead.get(name, AHEAD)
        if name in self.ahead and held < settings.SETUP_THREADS:
            ahead = self.ahead[name] = min(2 * ahead, MOST_AHEAD)
        return ahead * settings.SETUP_THREADS - held

    # Carrying out.

    def _submit_all(self, source: Source, claim: Callable[[], Sequence[Any]]) -> int:
        rows = claim()
        for row in rows:
            job, name = Job(source, row, time.monotonic()), row.dependency
            if name not in self.pools:
                self.pools[name] = Pool(name, settings.SETUP_THREADS)
            self.ahead.setdefault(name, AHEAD)
            self.jobs[name].add(job)
            self.pools[name].submit(partial(self._perform, job))
        return len(rows)

    def _perform(self, job: Job) -> None:
        """Perform a job, in a thread of its pool.

        Not when it has waited so long for a thread that its lease may lapse under way.
        """
        if self.closing or time.monotonic() - job.claimed > settings.SETUP_LEASE.total_seconds() / 4:
            self.finished.put((job, Result(job.row, 0, too_late=True)))
            return
        job.begun = job.renewed = time.monotonic()
        try:
            result = job.source.perform(job.row)
        finally:
            connections.close_all()
        if job.written_off:
            self.pools[job.row.dependency].replaced()
        self.finished.put((job, result))

    # Settling.

    def _settle(self) -> None:
        """Settle all that was gathered, in one transaction for each source.

        A letter that has gone out is worth waiting for the database: forgotten, it would go out again.
        """
        if not self.results:
            return
        results, self.results = self.results, []
        for source in {job.source for job, _result in results}:
            theirs = [result for job, result in results if job.source is source]
            self._until_the_database_is_back(partial(self._settle_for, source, theirs))

    def _settle_for(self, source: Source, results: Sequence[Result]) -> None:
        done = [result for result in results if not result.too_late]
        faults.attempt(lambda: source.settle(done), lambda _error: settle_each_by_itself(source, done))
        source.give_back([result.step for result in results if result.too_late])
        self.tries += len(done)
        for result in results:
            if result.too_late or result.failure:
                self.ahead[result.step.dependency] = AHEAD

    def _until_the_database_is_back(self, do: Callable[[], None]) -> None:
        closing = Patience()
        while True:
            try:
                return do()
            except DATABASE_ERRORS as error:
                if not is_passing(error) or connection.in_atomic_block or (self.closing and closing.is_over()):
                    raise
                logger.warning("results wait for the database: %s", error)
                connection.close()
                time.sleep(ASK_AGAIN_AFTER)

    # Those that take long.

    def _look_after_the_slow(self) -> int:
        now, lease = time.monotonic(), settings.SETUP_LEASE.total_seconds()
        under_way = [job for jobs in self.jobs.values() for job in jobs if job.begun and not job.written_off]
        for job in under_way:
            if job.begun and now - job.begun > LEASES * lease:
                self._write_off(job)
        slow = [job for job in under_way if not job.written_off and now - job.renewed > lease / 3]
        for source in {job.source for job in slow}:
            source.renew([job.row for job in slow if job.source is source])
        for job in slow:
            job.renewed = now
        return len(slow)

    def _write_off(self, job: Job) -> None:
        """Write a job off that hangs: that is an outage, and its thread is not waited for.

        If it ever ends well, that still counts.
        """
        job.written_off = True
        self.jobs[job.row.dependency].discard(job)
        self.pools[job.row.dependency].write_off()
        failure = StepFailed("it did not end in time", failure="timeout", outage=True)
        self.results.append((job, Result(job.row, time.monotonic() - (job.begun or 0), failure=failure)))
        logger.error("a step that needs %s hangs", job.row.dependency)


ENGINE = Engine()
