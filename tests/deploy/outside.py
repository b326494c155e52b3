"""A PostgreSQL and a Valkey as somebody else runs them: on a port of TCP, with passwords."""

from pathlib import Path

from launcher.postgres import Postgres
from launcher.servers import Valkey
from stage.stage import free_port

ADMIN = "admin-password"
PASSWORDS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class OutsidePostgres(Postgres):
    def __init__(self, home: Path) -> None:
        super().__init__(home, throwaway=True)
        self.port = free_port()

    def _initialise(self, programs: Path, owner: int) -> None:
        super()._initialise(programs, owner)
        (self.data / "pg_hba.conf").write_text(PASSWORDS)
        command = [str(programs / "postgres"), "--single", "-D", str(self.data), "postgres"]
        self._finish(command, f"ALTER ROLE postgres PASSWORD '{ADMIN}';\nDROP DATABASE arrivals;\n".encode())

    def _options(self) -> list[str]:
        return [*super()._options(), "-c", "listen_addresses=127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        return (self.sockets / f".s.PGSQL.{self.port}").exists() and self.is_ready()

    def is_ready(self) -> bool:
        return "ready to accept connections" in self.log.read_text(errors="replace")


class OutsideValkey(Valkey):
    def __init__(self, home: Path) -> None:
        super().__init__(home, throwaway=True)
        self.port = free_port()

    def _options(self) -> list[str]:
        return [*super()._options(), "--port", str(self.port), "--bind", "127.0.0.1"]
