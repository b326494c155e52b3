"""Child processes that never outlive us, and one that is never root (Linux; elsewhere plain children)."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def spawn(
    command: Sequence[str], *, death: signal.Signals, become: Callable[[], None] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Starts a child in its own session (Ctrl-C is ours to pass on), which gets `death` when we die.

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
    """Asks the child to end, and after `patience` seconds kills it with all of its group."""
    if child.poll() is None:
        child.send_signal(how)
        if not until(lambda: child.poll() is not None, patience):
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def until(condition: Callable[[], bool], patience: float, every: float = 0.02) -> bool:
    deadline = time.monotonic() + patience
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(every)
    return held


def not_root() -> tuple[int, Callable[[], None] | None]:
    """Whose files a server that refuses root shall use, and what its process does to be no root."""
    if os.geteuid() != 0:
        return os.geteuid(), None
    if can_leave_root():
        return 0, leave_root
    user = _first_user("postgres", "nobody")
    return user.pw_uid, partial(drop_to, user.pw_uid, user.pw_gid)


def leave_root() -> None:
    """Enters a user namespace: no longer root in its own eyes, while our files stay its own."""
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


@cache
def can_leave_root() -> bool:
    if not _LINUX:
        return False
    try:
        return subprocess.call([sys.executable, "-S", "-c", ""], preexec_fn=leave_root) == 0
    except subprocess.SubprocessError:
        return False


def drop_to(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _first_user(*names: str) -> pwd.struct_passwd:
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in names if name in known)
