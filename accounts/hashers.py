"""Argon2 password hasher with bounded concurrency: each hash takes 100 MiB, so not all of a burst run at once.

And each on one core: the library's own functions start a thread for every lane, eight a hash, and all other pages
wait behind them. The same hash comes of one thread that takes the lanes in turn.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

from argon2 import Parameters
from argon2.exceptions import HashingError
from argon2.low_level import core, error_to_str, ffi, lib
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils.crypto import constant_time_compare

from accounts.database.timeouts import give_back
from accounts.text.unicode import folded

PLACES = settings.WEB_THREADS // 2  # in each process, with those whose turn it is: the other threads make pages
LONGEST_WAIT = 5.0  # seconds
# Begins the salt of a hash that is one of the password as it is compared; a full stop is in none of Django's.
COMPARED = "nfkc."

_turns = Semaphore(min(settings.HASHES_AT_ONCE, PLACES))
_places = Semaphore(PLACES)


class Busy(Exception):
    """The queue for hashing is full, or there is no memory for it.

    More passwords are waiting to be hashed than this process can do in good time.
    """

    retry_after = 20  # seconds


@contextmanager
def a_turn() -> Iterator[None]:
    """Semaphore of HASHES_AT_ONCE turns. Raises Busy instead of waiting in too long a queue."""
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        give_back()
        if not _turns.acquire(timeout=LONGEST_WAIT):
            raise Busy
        try:
            yield
        finally:
            _turns.release()
    finally:
        _places.release()


class BoundedArgon2(Argon2PasswordHasher):
    """Argon2 hasher that writes and reads what Django's own does, byte for byte, under the semaphore.

    Where the salt says so, the hash is of the password as it is compared (validators.py). Older hashes are of what
    was typed, and still open with that.
    """

    def salt(self):
        return COMPARED + super().salt()

    def encode(self, password, salt):
        params = self.params()
        cost = f"m={params.memory_cost},t={params.time_cost},p={params.parallelism}"
        digest = _hash(_meant(password, salt), salt.encode(), params)
        return f"{self.algorithm}$argon2id$v={params.version}${cost}${_base64(salt.encode())}${_base64(digest)}"

    def verify(self, password, encoded):
        decoded = self.decode(encoded)
        salt = decoded["salt"]
        digest = _hash(_meant(password, salt), salt.encode("latin1"), decoded["params"])
        return constant_time_compare(_base64(digest), decoded["hash"])


def is_of_what_was_typed(encoded: str) -> bool:
    """Return True for an older Argon2 hash: one of the password as typed, not as compared."""
    hasher = BoundedArgon2()
    known = encoded.startswith(f"{hasher.algorithm}$")
    return known and not hasher.decode(encoded)["salt"].startswith(COMPARED)


def _meant(password: str, salt: str) -> bytes:
    return (folded(password) if salt.startswith(COMPARED) else password).encode()


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _hash(password: bytes, salt: bytes, params: Parameters) -> bytes:
    """Compute an Argon2 digest in one thread. Raises HashingError, and Busy."""
    digest, copy, grains = (ffi.new("uint8_t[]", what) for what in (params.hash_len, password, salt))
    context = ffi.new("argon2_context *", _costs(params))
    context.out, context.outlen = digest, params.hash_len
    context.pwd, context.pwdlen, context.flags = copy, len(password), lib.ARGON2_FLAG_CLEAR_PASSWORD
    context.salt, context.saltlen = grains, len(salt)
    with a_turn():
        error = core(context, params.type.value)
    if error == lib.ARGON2_MEMORY_ALLOCATION_ERROR:
        raise Busy
    if error:
        raise HashingError(error_to_str(error))
    return bytes(ffi.buffer(digest))


def _costs(params: Parameters) -> dict[str, int]:
    return {
        "version": params.version,
        "t_cost": params.time_cost,
        "m_cost": params.memory_cost,
        "lanes": params.parallelism,
        "threads": 1,
    }
