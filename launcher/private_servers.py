"""Private PostgreSQL and Valkey where none is named: real servers on unix sockets below one folder.

Needs no Django: settings and the tests ask here for addresses before Django is there.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from launcher.postgres import Postgres
from launcher.servers import Server, ServerFailed, ServersMissing, Valkey, claim_sockets, sockets_of

__all__ = ["ServerFailed", "Servers", "ServersMissing", "database_url", "is_running", "redis_url", "running"]


def database_url(home: Path) -> str:
    """Return the URL of the private PostgreSQL."""
    return f"postgres://postgres@/arrivals?host={quote(str(sockets_of(home)), safe='')}&port=5432"


def redis_url(home: Path) -> str:
    """Return the URL of the private Valkey."""
    return f"redis+socket://{sockets_of(home) / 'valkey.sock'}?virtual_host=0"


def is_running(home: Path) -> bool:
    """Return True if all servers of this home answer."""
    return Servers(home).answer()


@contextmanager
def running(home: Path, *, postgres: bool = True, valkey: bool = True, throwaway: bool = False) -> Iterator[None]:
    """Context manager with servers for the duration: those that answer already, else our own.

    `throwaway` keeps no data safe.
    """
    servers = Servers(home, postgres=postgres, valkey=valkey, throwaway=throwaway)
    try:
        servers.ensure()
        yield
    finally:
        servers.stop()


class Servers:
    """The servers of one home. `ensure` starts what does not answer, `stop` ends only what we started."""

    def __init__(self, home: Path, *, postgres: bool = True, valkey: bool = True, throwaway: bool = False) -> None:
        self.home = home
        self.servers: list[Server] = []
        if postgres:
            self.servers.append(Postgres(home, throwaway))
        if valkey:
            self.servers.append(Valkey(home, throwaway))

    def answer(self) -> bool:
        return all(server.answers() for server in self.servers)

    def ensure(self) -> None:
        claim_sockets(self.home)
        if self.answer():
            return
        with (self.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for server in self.servers:
                if not server.answers():
                    server.start()

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
