import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError

from launcher import processes
from launcher import supervisor as supervise
from launcher.management.commands import up
from launcher.private_servers import Servers
from launcher.supervisor import Program, Supervisor
from stage import Process
from stage.processes import wait_until
from stage.stage import free_port

PROJECT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-S", "-c", "import time; print('here', flush=True); time.sleep(1000)"]
DEAF = [sys.executable, "-S", "-c", f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEP[-1]}"]
PARENT = """
import os, sys; from pathlib import Path
from launcher.private_servers import Servers; from launcher.supervisor import Program, Supervisor
program = Program("web", ["sleep", "1000"], dict(os.environ), Path("."))
servers = Servers(Path(sys.argv[1]), postgres=False, valkey=False)
Supervisor([program], servers).run(lambda: print(program.child.pid, flush=True))
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("FIRST_WAIT", "TICK", "LOOK_AT_SERVERS"):
        monkeypatch.setattr(supervise, name, 0.02)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def no_servers(tmp_path: Path) -> Servers:
    return Servers(tmp_path, postgres=False, valkey=False)


def program(command: list[str]) -> Program:
    return Program("web", command, dict(os.environ), PROJECT)


def run_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    ticks = iter(range(500))

    def each_tick() -> None:
        supervisor.stopping = condition() or next(ticks) == 499

    supervisor.run(each_tick)
    assert next(ticks) < 499, "it never came to be"


@pytest.mark.parametrize(
    ("last_wait", "lived", "wait"),
    [(0, 0, 1), (1, 0.1, 2), (2, 59, 4), (16, 1, 30), (30, 1, 30), (30, 60, 1)],
)
def test_the_wait_doubles_to_thirty_seconds_and_starts_anew_after_a_minute(last_wait, lived, wait, monkeypatch):
    monkeypatch.setattr(supervise, "FIRST_WAIT", 1)
    assert supervise.wait_after(last_wait, lived) == wait


def test_a_dead_program_is_started_again(no_servers):
    web = program(SLEEP)
    seen: list[int] = []

    def killed_twice_and_back() -> bool:
        if web.child and web.child.pid not in seen:
            seen.append(web.child.pid)
            web.child.kill()
        return len(seen) == 3

    run_until(Supervisor([web], no_servers), killed_twice_and_back)


def test_what_a_program_says_has_its_name_before_it(no_servers, capfd):
    said: list[str] = []

    def has_spoken() -> bool:
        said.append(capfd.readouterr().out)
        return "   web | here\n" in "".join(said)

    run_until(Supervisor([program(SLEEP)], no_servers), has_spoken)


def test_a_dead_private_server_is_started_again(tmp_path):
    servers = Servers(tmp_path, postgres=False, throwaway=True)
    servers.ensure()
    first = servers.servers[0].child
    assert first is not None
    first.kill()
    first.wait()
    run_until(Supervisor([], servers), servers.answer)
    servers.stop()


@pytest.mark.parametrize("command", [SLEEP, DEAF], ids=["willing", "deaf"])
def test_a_signal_ends_the_programs_and_then_us(no_servers, monkeypatch, command):
    monkeypatch.setattr(supervise, "PATIENCE", 0.3)
    web = program(command)
    relayed: list[str] = []
    monkeypatch.setattr(supervise, "say", lambda name, line: relayed.append(line))
    supervisor = Supervisor([web], no_servers)
    supervisor.run(lambda: os.kill(os.getpid(), signal.SIGTERM) if "here" in relayed else None)
    assert web.child is not None and web.child.returncode == (-9 if command is DEAF else -15)


def test_programs_go_with_a_killed_supervisor(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = Path("/proc") / parent.stdout.readline().strip()
        assert child.exists()
        parent.kill()
        assert processes.until(lambda: not child.exists() or "(zombie)" in (child / "status").read_text(), 5)


def test_a_taken_port_is_one_sentence(monkeypatch):
    monkeypatch.setattr(up, "ORPHANS_LIVE", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"^PORT {port} cannot be had"):
            up.refuse_taken_port("127.0.0.1", port)


def test_a_wrong_setting_is_one_sentence():
    command = [sys.executable, "manage.py", "check"]
    run = subprocess.run(command, cwd=PROJECT, env=os.environ | {"PORT": "eight"}, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("PORT must be") and run.stderr.count("\n") == 1


def environment_of(home: Path, port: int) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "PORT": str(port), "ARRIVALS_HOME": str(home)}


@pytest.mark.parametrize("ports", ["one port", "two ports"])
def test_of_two_at_once_on_one_fresh_home_one_runs_and_the_other_says_so(tmp_path, ports):
    first = free_port()
    second = first if ports == "one port" else free_port()
    command = [sys.executable, "manage.py", "up"]
    both = [
        Process(command, tmp_path / f"{number}.log", environment_of(tmp_path / "home", port))
        for number, port in enumerate((first, second))
    ]
    with both[0], both[1]:
        wait_until(lambda: any("Arrivals is at" in each.output for each in both), 90)
        wait_until(lambda: any(each.returncode is not None for each in both), 30)
        running, refused = sorted(both, key=lambda each: each.returncode is not None)
        assert (running.returncode, refused.returncode) == (None, 1)
        said = f"CommandError: Arrivals already runs in {tmp_path / 'home'}, at http://localhost:"
        assert refused.output.startswith(said) and refused.output.count("\n") == 1


def test_three_that_migrate_one_fresh_database_at_once_all_come_up(tmp_path):
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/fresh_{os.getpid()}").geturl()
    command = [sys.executable, "manage.py", "migrate"]
    hosts = [Process(command, tmp_path / f"{n}.log", {"DATABASE_URL": url}) for n in range(3)]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as line:
        line.execute(f"CREATE DATABASE fresh_{os.getpid()}")
        try:
            for host in hosts:
                host.start()
            assert [host.wait(120) for host in hosts] == [0, 0, 0]
            assert sum("Applying accounts.0001_initial" in host.output for host in hosts) == 1
        finally:
            for host in hosts:
                host.stop()
            line.execute(f"DROP DATABASE fresh_{os.getpid()} WITH (FORCE)")


def test_a_secret_key_is_whole_for_everybody_who_reads_it(tmp_path):
    say = "from config import settings; print(settings.SECRET_KEY)"
    environment = environment_of(tmp_path / "home", 1) | {"SECRET_KEY": ""}
    starts = [Process([sys.executable, "-c", say], tmp_path / f"{n}.log", environment) for n in range(4)]
    for start in starts:
        start.start()
    assert [start.wait(60) for start in starts] == [0] * 4
    assert len({start.output for start in starts}) == 1
    assert (tmp_path / "home" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_up_brings_everything_up_and_down_again(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = environment_of(tmp_path, port)
    command = [sys.executable, "manage.py", "up"]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        watchdog = Timer(60, process.kill)
        watchdog.daemon = True
        watchdog.start()
        line = next(line for line in process.stdout if " | " not in line)
        assert line == f"Arrivals is at http://localhost:{port}\n"
        asked = HTTPConnection("127.0.0.1", port, timeout=5)
        asked.request("GET", "/healthz")
        assert asked.getresponse().status == 200
        process.terminate()
        process.stdout.read()
    assert process.returncode == 0
    assert not Servers(tmp_path, postgres=False).answer()
