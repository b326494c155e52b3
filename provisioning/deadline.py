"""Total time limit for a network conversation: its sockets are shut down when the time is up.

Sockets know a limit for each read only, and a peer that drips meets them all.

`with deadline(30) as limit:` and `watch(sock)` within it: when the time is up the socket is shut down, whoever
reads from it gets an end of file or an error, and TimeoutError is raised where the block ends.
"""

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_here = threading.local()  # .limits: those of this thread, outermost first
_heap: list[tuple[float, int, "Deadline"]] = []
_number = itertools.count()
_news = threading.Condition()
_watchman: threading.Thread | None = None


class Deadline:
    """One time limit, and the sockets that are shut down when it is reached."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.sockets: list[socket.socket] = []
        self.over = self.reached = False

    def reach(self) -> None:
        if not self.over:
            self.reached = True
            for sock in self.sockets:
                shut(sock)


def shut(sock: socket.socket) -> None:
    """Shut a socket down in both directions; one that is closed already is no error."""
    with suppress(OSError, ValueError):
        sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Time limit in seconds for the block, on all sockets watched within it.

    Raises TimeoutError at its end if the time was up, whatever the interrupted code made of it.
    """
    limit = Deadline(seconds)
    limits = _here.__dict__.setdefault("limits", [])
    if limits:
        limit.sockets += limits[-1].sockets
    limits.append(limit)
    _tell_the_watchman(limit)
    try:
        yield limit
    finally:
        limit.over = True
        limits.remove(limit)
        if limit.reached:
            raise TimeoutError(f"not done within {seconds:g} s")


def watch(sock: socket.socket | None) -> None:
    """Put this socket under all limits of this thread."""
    for limit in _here.__dict__.get("limits", []):
        if sock is not None:
            limit.sockets.append(sock)
            if limit.reached:
                shut(sock)


def _tell_the_watchman(limit: Deadline) -> None:
    global _watchman
    with _news:
        heapq.heappush(_heap, (limit.at, next(_number), limit))
        if _watchman is None or not _watchman.is_alive():
            _watchman = threading.Thread(target=_stand_watch, name="deadlines", daemon=True)
            _watchman.start()
        elif _heap[0][2] is limit:
            _news.notify()


def _stand_watch() -> None:
    while True:
        for limit in _wait_for_the_next():
            limit.reach()


def _wait_for_the_next() -> list[Deadline]:
    """Wait until a limit is reached. Returns those whose time is up; those that ended in time are dropped."""
    with _news:
        while _heap and (_heap[0][2].over):
            heapq.heappop(_heap)
        wait = _heap[0][0] - time.monotonic() if _heap else None
        if wait is None or wait > 0:
            _news.wait(wait)
        due = []
        while _heap and _heap[0][0] <= time.monotonic():
            due.append(heapq.heappop(_heap)[2])
        return due
