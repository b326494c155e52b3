"""Hosts as network namespaces on a bridge that is in one of its own: nothing of this is seen or felt outside.

None has a name: they are open files of this process, and programs that it started. When those are gone, however they
went, the kernel clears away the namespaces with their cards and cables, and a crash leaves nothing to be found.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NETWORK = "10.86.0"
HERE = "/proc/thread-self/ns/net"
NOBODYS = "02:00:00:00:00:99"  # a card that no host has
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class NoLab(Exception):
    """This machine lets us have no network namespaces; the message says why in a sentence."""


class Namespace:
    def __init__(self) -> None:
        before = os.open(HERE, os.O_RDONLY)
        try:
            _call(_libc.unshare, _CLONE_NEWNET)
            self.file = os.open(HERE, os.O_RDONLY)
            enter(before)
        finally:
            os.close(before)

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.file}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What this thread starts or opens meanwhile (a process, a thread, a socket) stays there."""
        before = os.open(HERE, os.O_RDONLY)
        try:
            enter(self.file)
            yield
        finally:
            enter(before)
            os.close(before)

    def ip(self, *lines: str) -> None:
        with self.inside():
            told = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), capture_output=True, text=True)
        if told.returncode:
            raise NoLab(f"ip says: {told.stderr.strip()}")


class Host(Namespace):
    def __init__(self, name: str, number: int) -> None:
        super().__init__()
        self.name = name
        self.address = f"{NETWORK}.{number}"


class Network:
    """Hosts on one bridge. No route leads out of it."""

    def __init__(self) -> None:
        if problem := impossible():
            raise NoLab(problem)
        self.switch = Namespace()
        self.switch.ip("link add bridge type bridge", "link set bridge up")
        self.hosts: dict[str, Host] = {}

    def host(self, name: str) -> Host:
        host = self.hosts[name] = Host(name, len(self.hosts) + 10)
        self.switch.ip(
            f"link add {name} type veth peer name card netns {host.path}", f"link set {name} master bridge up"
        )
        host.ip("link set lo up", f"addr add {host.address}/24 dev card", "link set card up")
        return host

    @contextmanager
    def unplugged(self, host: Host) -> Iterator[None]:
        """The host reaches nobody, and nobody it."""
        self.switch.ip(f"link set {host.name} down")
        yield
        self.switch.ip(f"link set {host.name} up")

    @contextmanager
    def dark(self, one: Host, other: Host) -> Iterator[None]:
        """A cable that is cut says nothing: each sends to a card that nobody has; all others they reach."""
        ways = [(one, other), (other, one)]
        for here, there in ways:
            here.ip(f"neigh replace {there.address} lladdr {NOBODYS} dev card nud permanent")
        yield
        for here, there in ways:
            here.ip(f"neigh del {there.address} dev card")


def impossible() -> str:
    """Why there can be no lab here; empty if there can."""
    if os.geteuid() != 0:
        return "Network namespaces need root."
    if not Path(HERE).exists():
        return "Network namespaces need Linux."
    if shutil.which("ip") is None:
        return "There is no ip: install iproute2."
    try:
        _try_out("link set lo up", "link add bridge type bridge", "link add one type veth peer name other")
    except (OSError, NoLab) as error:
        return f"Network namespaces, bridges or cables cannot be had here: {error}"
    return ""


def _try_out(*lines: str) -> None:
    namespace = Namespace()
    try:
        namespace.ip(*lines)
    finally:
        os.close(namespace.file)


def enter(file: int) -> None:
    """This thread goes there, and whatever it starts from now on."""
    _call(_libc.setns, file, _CLONE_NEWNET)


def _call(function: "ctypes._NamedFuncPointer", *words: int) -> None:
    if function(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
