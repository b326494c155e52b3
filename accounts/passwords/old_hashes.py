"""Password hashes of another scheme or cost than ours: what a check costs, and how to spend as much on nothing.

A hash has a key, which is its scheme with whatever of its cost cannot be added up, and a cost, which can: the
iterations of PBKDF2, the doublings of bcrypt. Two of one key differ only in how much of the same work they take.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2.exceptions import HashingError, InvalidHashError
from django.contrib.auth.hashers import get_hasher, identify_hasher, is_password_usable

from accounts.hashers import a_turn

SALT = "spent on nothing at all"
BROKEN = (ValueError, TypeError, AssertionError, KeyError, IndexError, NotBase64, HashingError, InvalidHashError)
MOST_ITERATIONS = 5_000_000
MOST_ROUNDS = 15  # of bcrypt: each doubles
LEAST_ROUNDS = 4
MOST_MEMORY = 512 * 1024  # KiB
MOST_PASSES = 20


class Unreadable(ValueError):
    """A hash that cannot be checked here; the message says why."""


@dataclass(frozen=True)
class Work:
    """Work that a check of one hash takes."""

    key: str
    cost: int


def work_of(encoded: str) -> Work | None:
    """Work of checking this hash; None if it is one of ours. Raises Unreadable."""
    if not is_password_usable(encoded):
        raise Unreadable("it is no hash")
    try:
        hasher = identify_hasher(encoded)
        found = _work(str(hasher.algorithm), hasher.decode(encoded), encoded)
        ours = hasher.algorithm == get_hasher().algorithm and not hasher.must_update(encoded)
    except BROKEN as error:
        raise Unreadable("no hasher of Django knows it") from error
    if found is None:
        raise Unreadable("to check it would cost more than a log-in may")
    return None if ours else found


def can_be_checked(work: Work) -> bool:
    """Return True if such a hash can be checked here, which is tried: a library may be missing, or memory."""
    return _can_be_checked(work.key)


@cache
def _can_be_checked(key: str) -> bool:
    try:
        _spend(key, 2**LEAST_ROUNDS if key.startswith("bcrypt") else 1, "tried")
    except BROKEN:
        return False
    return True


def verify(password: str, encoded: str) -> bool:
    """Check a password against an old hash. One that is broken, or has no library here, fits no password."""
    hasher = identify_hasher(encoded)
    with suppress(*BROKEN):
        if hasher.algorithm == get_hasher().algorithm:
            return bool(hasher.verify(password, encoded))
        with a_turn():
            return bool(hasher.verify(password, encoded))
    return False


def spend(key: str, cost: int, password: str) -> None:
    """Spend this much of the work of such a check on nothing."""
    if cost > 0:
        with suppress(*BROKEN):
            _spend(key, cost, password)


def _spend(key: str, cost: int, password: str) -> None:
    algorithm, *costs = key.split("$")
    hasher: Any = get_hasher(algorithm)
    if algorithm == get_hasher().algorithm:
        salt, digest = (b64encode(what).decode().rstrip("=") for what in (SALT.encode(), bytes(32)))
        hasher.verify(password, f"{key}${salt}${digest}")
        return
    with a_turn():
        if algorithm.startswith("pbkdf2"):
            hasher.encode(password, SALT, cost)
        elif algorithm == "scrypt":
            hasher.encode(password, SALT, *map(int, costs))
        elif algorithm.startswith("bcrypt"):
            _spend_doublings(hasher, cost, password)


def _spend_doublings(hasher: Any, cost: int, password: str) -> None:
    """bcrypt does powers of two: any number is a sum of them."""
    for rounds in range(LEAST_ROUNDS, MOST_ROUNDS + 1):
        if cost & 2**rounds:
            hasher.encode(password, hasher._load_library().gensalt(rounds))


def _work(algorithm: str, parts: dict[str, Any], encoded: str) -> Work | None:
    """The work, or None where it is too much. Raises what BROKEN names."""
    if algorithm.startswith("pbkdf2"):
        b64decode(parts["hash"], validate=True)
        return _if(0 < parts["iterations"] <= MOST_ITERATIONS, algorithm, parts["iterations"])
    if algorithm == "scrypt":
        b64decode(parts["hash"], validate=True)
        n, r, p = parts["work_factor"], parts["block_size"], parts["parallelism"]
        sane = n > 1 and r > 0 and 0 < p <= MOST_PASSES and n * r // 8 <= MOST_MEMORY
        return _if(sane, f"scrypt${n}${r}${p}", 1)
    if algorithm.startswith("bcrypt"):
        rounds = parts["work_factor"]
        return _if(LEAST_ROUNDS <= rounds <= MOST_ROUNDS, algorithm, 2**rounds)
    if algorithm == "argon2":
        sane = parts["memory_cost"] <= MOST_MEMORY and parts["time_cost"] <= MOST_PASSES
        return _if(sane, encoded.rsplit("$", 2)[0], 1)
    return Work(algorithm, 1)


def _if(sane: bool, key: str, cost: int) -> Work | None:
    return Work(key, cost) if sane else None
