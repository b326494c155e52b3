"""Child processes that never outlive us, and one that is never root (Linux; elsewhere plain children)."""

import ctypes
import os
import pwd
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS = 1, 8
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE = 47, 2, 1
_CAPABILITY_VERSION = 0x20080522
_CLONE_NEWUSER = 0x10000000


def spawn(
    command: Sequence[str], *, death: signal.Signals, become: Callable[[], None] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child in its own session (Ctrl-C is ours to pass on), which gets `death` when we die.

    Only from the main thread: the kernel counts the death of the thread that forked as ours.
    """
    prepare = partial(_bind, os.getpid(), death, become)
    options = {"stdin": subprocess.DEVNULL, **options}
    return subprocess.Popen(command, start_new_session=True, preexec_fn=prepare, **options)


def _bind(parent: int, death: signal.Signals, become: Callable[[], None] | None) -> None:
    if become is not None:
        become()
    if _LINUX:  # after `become`: a change of credentials makes the kernel forget it
        _libc.prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def stop(child: subprocess.Popen[bytes], how: signal.Signals, patience: float) -> None:
    """Ask the child to end, and after `patience` seconds kill it with all of its group."""
    if child.poll() is None:
        child.send_signal(how)
        if not until(lambda: child.poll() is not None, patience):
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def until(condition: Callable[[], bool], patience: float, every: float = 0.02) -> bool:
    """Poll a condition for `patience` seconds, and return what it said last."""
    deadline = time.monotonic() + patience
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(every)
    return held


def not_root(*needed: Path) -> tuple[int, Callable[[], None] | None]:
    """Return the user id and the privilege drop for a server that refuses root.

    The user id owns the server's files; the function makes its process no root. `needed` are the folders it must get
    at; where they lie behind one that only root may enter, it keeps root's right to pass.
    """
    if os.geteuid() != 0:
        return os.geteuid(), None
    if can_leave_root():
        return 0, leave_root
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = next(users[name] for name in ("postgres", "nobody") if name in users)
    passes = not all(open_to_all(folder) for folder in needed)
    return user.pw_uid, partial(drop_to, user.pw_uid, user.pw_gid, passes)


def leave_root() -> None:
    """Enter a user namespace: no longer root in its own eyes, while our files stay its own."""
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


@cache
def can_leave_root() -> bool:
    """Return True if a child may enter a user namespace here."""
    if not _LINUX:
        return False
    try:
        return subprocess.call([sys.executable, "-S", "-c", ""], preexec_fn=leave_root) == 0
    except subprocess.SubprocessError:
        return False


def drop_to(uid: int, gid: int, passes: bool) -> None:
    """Change to this user and group; if `passes`, keep the capability to enter all folders (CAP_DAC_OVERRIDE)."""
    _libc.prctl(_PR_SET_KEEPCAPS, int(passes), 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if passes:
        header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
        only = 1 << _CAP_DAC_OVERRIDE
        _libc.capset(header, struct.pack("6I", only, only, only, 0, 0, 0))
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def open_to_all(path: Path) -> bool:
    """Return True if anybody may enter every folder above the path."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
