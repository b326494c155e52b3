"""Argon2, bounded: each hash takes 100 MiB, so a burst of sign-ups must not run all of its hashes at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
MAY_WAIT = 64  # in each process, besides those whose turn it is
LONGEST_WAIT = 15.0  # seconds

_turns = Semaphore(CORES)
_places = Semaphore(CORES + MAY_WAIT)


class Busy(Exception):
    """More passwords are waiting to be hashed than this process can do in good time."""

    retry_after = 20  # seconds


@contextmanager
def a_turn() -> Iterator[None]:
    """Wait for one of as many turns as there are cores. Raises Busy instead of waiting in too long a queue."""
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        if not _turns.acquire(timeout=LONGEST_WAIT):
            raise Busy
        try:
            yield
        finally:
            _turns.release()
    finally:
        _places.release()


class BoundedArgon2(Argon2PasswordHasher):
    def encode(self, password, salt):
        with a_turn():
            return super().encode(password, salt)

    def verify(self, password, encoded):
        with a_turn():
            return super().verify(password, encoded)
