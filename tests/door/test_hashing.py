"""One thread a hash, and still the hash that Django's own hasher makes and reads where nothing is to be folded."""

from unittest.mock import Mock

import pytest
from argon2 import Type, low_level
from argon2.exceptions import HashingError
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.hashers import BoundedArgon2

PASSWORDS = ["correct horse battery staple", "", "pässwörd 🗝 ", "nul\x00inside", "long" * 1000]
OURS, DJANGOS = BoundedArgon2(), Argon2PasswordHasher()


@pytest.fixture(params=[(1, 64, 1), (2, 1024, 8), (3, 100, 3)], ids=str)
def costs(request, monkeypatch):
    for name, value in zip(("time_cost", "memory_cost", "parallelism"), request.param, strict=True):
        monkeypatch.setattr(Argon2PasswordHasher, name, value)


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_same_bytes(costs, password):
    assert OURS.encode(password, "some salt of 22 letters") == DJANGOS.encode(password, "some salt of 22 letters")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("writer, reader", [(OURS, DJANGOS), (DJANGOS, OURS), (OURS, OURS)])
def test_each_reads_the_other(costs, password, writer, reader):
    encoded = writer.encode(password, writer.salt())
    assert reader.verify(password, encoded)
    assert not reader.verify(password + " ", encoded)
    assert not reader.must_update(encoded)


@pytest.mark.parametrize("kind", [Type.I, Type.D, Type.ID])
@pytest.mark.parametrize("version", [16, 19])
def test_it_reads_what_others_wrote(kind, version):
    encoded = "argon2" + low_level.hash_secret(b"secret", b"another salt", 1, 64, 1, 24, kind, version).decode()
    assert OURS.verify("secret", encoded) and not OURS.verify("Secret", encoded)


def test_what_the_library_refuses_is_an_error_and_no_hash():
    with pytest.raises(HashingError, match="Salt is too short"):
        OURS.encode("secret", "short")


def test_a_hash_is_the_work_of_one_thread(monkeypatch):
    """Eight lanes, and none of the eight threads that would stand in the way of everybody else's page."""
    core = Mock(return_value=0)
    monkeypatch.setattr("accounts.hashers.core", core)
    OURS.encode("secret", OURS.salt())
    assert [each.args[0].threads for each in core.call_args_list] == [1]
