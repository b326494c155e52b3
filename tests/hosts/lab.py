"""Two webs, three workers, two beats, a database, a broker, and the world: each on a host of its own."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
from redis import Redis

from launcher import programs
from launcher.servers import Server, Valkey, claim_sockets
from stage import MailServer, Process, Provisioner
from stage.processes import PROJECT, wait_until
from tests.accounts.far import OnTheWire
from tests.hosts.network import Host, Network, enter

PROGRAMS = {"web1": "web", "web2": "web", "worker1": "worker", "worker2": "worker", "worker3": "worker"}
PROGRAMS |= {"beat1": "beat", "beat2": "beat"}
STARTS_OLD = ("web1", "worker1", "beat1")
START = 120.0  # seconds that all of it may take to be there, on a machine that has other things to do
PORT = 8000


class ValkeyOnTheWire(Valkey):
    address = ""

    def _options(self) -> list[str]:
        heard = ["--port", "6379", "--bind", self.address, "--protected-mode", "no"]
        return [*super()._options(), *heard]


class Lab:
    """`old` is another checkout: the first half of the hosts runs it until it is upgraded."""

    def __init__(self, folder: Path, old: Path | None = None) -> None:
        self.folder, self.old = folder, old
        self.network = Network()
        self.hosts = {name: self.network.host(name) for name in (*PROGRAMS, "database", "broker", "world")}
        self.processes: dict[str, Process] = {}
        self.kills = 0

    @contextmanager
    def running(self) -> Iterator["Lab"]:
        """This process is then on the host "world", where people and services are."""
        with ExitStack() as stack:
            self.database = OnTheWire(folder_for(self.folder, "database"), throwaway=True)
            self.broker = ValkeyOnTheWire(folder_for(self.folder, "broker"), throwaway=True)
            self._serve(stack, self.database, self.hosts["database"])
            self._serve(stack, self.broker, self.hosts["broker"])
            enter(self.hosts["world"].file)
            self.mail = stack.enter_context(MailServer(self.hosts["world"].address))
            self.workspaces = stack.enter_context(Provisioner(host=self.hosts["world"].address))
            self._migrate()
            for name in PROGRAMS:
                self.processes[name] = self._process(name)
                stack.callback(self.processes[name].stop)
                self.start(name)
            self._wait_until_it_runs()
            yield self

    def start(self, name: str) -> None:
        with self.hosts[name].inside():
            self.processes[name].start()

    def kill(self, name: str) -> None:
        self.processes[name].kill9()
        self.kills += 1

    def upgrade(self, name: str) -> None:
        """Stopped as a deploy stops it, and started from this checkout."""
        self.processes[name].stop()
        self.processes[name] = self._process(name, PROJECT)
        self.start(name)

    def close(self) -> None:
        """All at once, so that nobody waits for another's last words."""
        for process in self.processes.values():
            with suppress(ChildProcessError):
                process.kill9()

    def site(self, name: str) -> str:
        return f"http://{self.hosts[name].address}:{PORT}"

    def answers(self, name: str, page: str) -> bool:
        try:
            with urlopen(f"{self.site(name)}/{page}", timeout=5):
                return True
        except (URLError, OSError):
            return False

    def connect(self) -> psycopg.Connection:
        """On the database's own host, however dark it is around it."""
        socket = str(self.database.sockets)
        return psycopg.connect(host=socket, user="postgres", dbname="arrivals", autocommit=True)

    def ask(self, sql: str, *values: object) -> int:
        with self.connect() as line:
            row = line.execute(sql, values).fetchone()
        return row[0] if row else 0

    def redis(self) -> Redis:
        return Redis(unix_socket_path=str(self.broker.sockets / "valkey.sock"))

    def _serve(self, stack: ExitStack, server: OnTheWire | ValkeyOnTheWire, host: Host) -> None:
        server.address = host.address
        claim_sockets(server.home)
        stack.callback(server.stop)
        with host.inside():
            Server.start(server)

    def _migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "-v", "0"]
        with Process(command, self.folder / "migrate.log", self._environment("world")) as migrating:
            if migrating.wait(START):
                raise ChildProcessError(migrating.output)

    def _process(self, name: str, checkout: Path | None = None) -> Process:
        checkout = checkout or (self.old if self.old and name in STARTS_OLD else PROJECT)
        command = [python_of(checkout), str(checkout / "manage.py"), PROGRAMS[name]]
        env = programs.environment() | self._environment(name)
        return Process(command, self.folder / f"{name}.log", env, cwd=checkout)

    def _environment(self, name: str) -> dict[str, str]:
        webs = [self.hosts[web].address for web in ("web1", "web2")]
        return {
            "ARRIVALS_HOME": str(folder_for(self.folder, name)),
            "DATABASE_URL": f"postgres://postgres@{self.hosts['database'].address}:5432/arrivals",
            "REDIS_URL": f"redis://{self.hosts['broker'].address}:6379/0",
            "EMAIL_URL": self.mail.url,
            "WORKSPACE_URL": self.workspaces.url,
            "SITE_URL": self.site("web1"),
            "ALLOWED_HOSTS": ",".join(webs),
            "HOST": self.hosts[name].address,
            "PORT": str(PORT),
            "SECRET_KEY": "the-same-on-every-host-and-nobodys-secret-at-all-0123456789",
            "DEFAULT_FROM_EMAIL": "hello@arrivals.example",
            "DEBUG": "1",
            "THROTTLES": "off",
            "HASHES_AT_ONCE": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def _wait_until_it_runs(self) -> None:
        """The doors of both webs, and a sweep: so there is a beat, and a worker that heard it."""
        for web in ("web1", "web2"):
            self.processes[web].wait_until(partial(self.answers, web, "readyz"), START, f"{web} to be ready")
        wait_until(lambda: self.answers("web1", "repairz"), START, "the first sweep")


def python_of(checkout: Path) -> str:
    """The interpreter of its own environment, where it has one: an older release needs other libraries."""
    its = checkout / ".venv" / "bin" / "python"
    return str(its) if its.exists() else sys.executable


def folder_for(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir(exist_ok=True)
    return place
