"""Commands and environment of the three programs (web, worker, beat), each defined once.

Whoever runs them one by one runs what `manage.py up` runs. Needs no Django: manage.py asks here before settings are
read.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
NAMES = ("web", "worker", "beat")
WORKER_THREADS = 8
WORKER = f"-q worker -P threads -c {WORKER_THREADS} --without-gossip --without-mingle -l warning".split()
BEAT = ["-q", "beat", "-l", "warning", "--pidfile="]

ROOT_IS_FINE = "ignore:You're running the worker with superuser"  # as in any container; we never unpickle
# A password hash takes 100 MiB; fetching them from the system each time, in 25,000 pages, is a third of its cost.
# They are kept in one heap (glibc takes more than 32 MiB elsewhere unless mmap is off), and in huge pages.
KEEP_HEAP = {
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
SUPERVISED = "ARRIVALS_SUPERVISED"  # by `up`, which looks after the private servers


def command(name: str) -> list[str]:
    """Return the command line of a program."""
    return [sys.executable, str(BASE_DIR / "manage.py"), name]


def environment() -> dict[str, str]:
    """Return the environment of a program."""
    return {"PYTHONWARNINGS": ROOT_IS_FINE} | os.environ | KEEP_HEAP | {"PYTHONUNBUFFERED": "1"}


def begin_anew(words: Sequence[str]) -> None:
    """Re-execute one of the three programs with the heap settings in its environment.

    The C library reads how to keep its heap when a process starts, so one of the three starts once more.
    """
    if words and words[0] in NAMES and not os.environ.items() >= KEEP_HEAP.items():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment())


def is_supervised() -> bool:
    """Return True under `up`."""
    return os.environ.get(SUPERVISED) == "1"
