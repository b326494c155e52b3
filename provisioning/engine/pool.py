"""Thread pool for calls to one dependency that may hang for good: a thread can be written off and replaced.

The standard library's executor waits for its threads when the process ends, and has no way to give one up.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue

MOST_WRITTEN_OFF = 200  # of one pool; after that its dependency gets no more from this process


class Pool:
    """Pool of up to `size` threads that are started when they are needed, and as many more as were written off."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size
        self.lock = threading.Lock()
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.threads = self.idle = self.waiting = self.written_off = 0

    def submit(self, job: Callable[[], None]) -> None:
        with self.lock:
            self.waiting += 1
            if self.waiting > self.idle and self.threads < self.limit:
                self._grow()
        self.jobs.put(job)

    @property
    def limit(self) -> int:
        return self.size + self.written_off

    @property
    def exhausted(self) -> bool:
        return self.written_off >= MOST_WRITTEN_OFF

    def write_off(self) -> None:
        """Write off a thread that hangs, and replace it.

        The other is one too many when the first comes back after all.
        """
        with self.lock:
            self.written_off += 1
            if self.waiting:
                self._grow()

    def replaced(self) -> None:
        with self.lock:
            self.written_off -= 1

    def _grow(self) -> None:
        self.threads += 1
        self.idle += 1
        threading.Thread(target=self._work, name=self.name, daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self.jobs.get()
            with self.lock:
                self.waiting -= 1
                self.idle -= 1
            job()
            with self.lock:
                self.idle += 1
                if self.threads > self.limit:
                    self.threads, self.idle = self.threads - 1, self.idle - 1
                    return
