"""A beat and a worker as they run in production, on the test's own servers."""

import os
import sys
from pathlib import Path

from celery import current_app
from django.db import connection
from redis import Redis

from stage import Process

ROOT_IS_FINE = "ignore:You're running the worker with superuser"


def program(log: Path, *words: str, module: str = "celery", **env: str) -> Process:
    """Celery's `words`, before the database of this test."""
    ours = {"DATABASE_URL": database_url(), "SECRET_KEY": "0123456789" * 5, "PYTHONWARNINGS": ROOT_IS_FINE}
    return Process([sys.executable, "-m", module, "-q", "-A", "config", *words], log, ours | env)


def worker(folder: Path, **env: str) -> Process:
    words = ("worker", "-P", "threads", "-c", "8", "--without-gossip", "--without-mingle", "-l", "warning")
    return program(folder / "worker.log", *words, **env)


def beat(folder: Path, **env: str) -> Process:
    return program(folder / "beat.log", "beat", "-l", "info", "--pidfile=", **env)


def database_url() -> str:
    name = connection.settings_dict["NAME"]
    head, _, tail = os.environ["DATABASE_URL"].partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{tail}"


def broker() -> Redis:
    with current_app.connection_for_write() as link:
        return link.default_channel.client
