"""Throw-away servers for the tests, there before pytest-django reads the settings (see addopts)."""

import atexit
import os
import re
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from launcher import private_servers

_until_the_end = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """A wrapper, since those come before pytest-django's own tryfirst hook."""
    atexit.register(_until_the_end.close)
    home = Path(_until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="arrivals-tests-")))
    os.environ["ARRIVALS_HOME"] = str(home)
    start_missing(home)
    take_a_queue_of_our_own()
    return (yield)


def take_a_queue_of_our_own() -> None:
    """Of those that run side by side (pytest -n 3) each has a number; pytest-django gives it a database as well."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        number = int(worker.removeprefix("gw")) + 1
        place = re.sub(r"[?].*$|(?<=[^/])/\d*$", "", os.environ["REDIS_URL"])
        on_a_path = place.startswith(("redis+socket", "unix"))
        os.environ["REDIS_URL"] = f"{place}?virtual_host={number}" if on_a_path else f"{place}/{number}"


def start_missing(home: Path) -> None:
    postgres, valkey = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    servers = private_servers.running(home, postgres=postgres, valkey=valkey, throwaway=True)
    _until_the_end.enter_context(servers)
    if postgres:
        os.environ["DATABASE_URL"] = private_servers.database_url(home)
    if valkey:
        os.environ["REDIS_URL"] = private_servers.redis_url(home)
