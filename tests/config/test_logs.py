"""Nothing fails unseen, and nothing personal is seen: asked of processes that run as in production."""

import json
import os
import re
import secrets
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from config.logs import masked
from stage import Process
from stage.processes import wait_until
from stage.stage import free_port
from tests.config.surroundings import PROJECT, run, surroundings

SERVE = """
import os
from django.conf import settings
from config import wsgi
import waitress
waitress.serve(wsgi.application, host="127.0.0.1", port=int(os.environ["PORT"]))
"""
BROKEN = "from config.settings import *\nROOT_URLCONF = 'tests.config.breaking'\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory, django_db_setup) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "broken_settings.py").write_text(BROKEN)
    return folder


def as_in_production(home: Path, **named: str) -> dict[str, str]:
    ours = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    broken = {"DJANGO_SETTINGS_MODULE": "broken_settings", "PYTHONPATH": f"{PROJECT}:{home}"}
    return surroundings(home) | ours | broken | named


class Site:
    """A web process with DEBUG=0, and the lines it has written."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        env = as_in_production(home, PORT=str(self.port))
        self.process = Process([sys.executable, "-c", SERVE], home / "web.log", env)

    def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        link = HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {"X-Request-ID": secrets.token_hex(8)}
        link.request("GET", path, headers={"Host": "localhost"} | named | headers)
        answer = link.getresponse()
        return answer.status, answer.headers.get("X-Request-ID", ""), answer.read().decode()

    def lines(self, request: str) -> list[dict]:
        """Once the request's own line, its last, is there."""
        wait_until(lambda: any(line["event"] == "request" for line in self._lines(request)), 20, "its line")
        return self._lines(request)

    def _lines(self, request: str) -> list[dict]:
        written = [json.loads(line) for line in self.process.output.splitlines() if line.startswith("{")]
        return [line for line in written if line.get("request") == request]

    def is_up(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def site(home) -> Iterator[Site]:
    built = Site(home)
    with built.process as process:
        process.wait_until(built.is_up, 60, "the site")
        yield built


def test_a_page_that_breaks_is_one_traceback_under_the_name_on_the_page(site):
    status, name, page = site.get("/breaks/a-key-to-somebodys-account/")
    assert status == 500 and f"<code>{name}</code>" in page
    told, request = site.lines(name)
    assert (told["level"], told["logger"], told["path"]) == ("error", "django.request", "/breaks/<token>/")
    assert told["exception"].count("Traceback") == 1 and "RuntimeError: could not write to" in told["exception"]
    assert {"event", "level", "logger", "timestamp", "method", "path", "status", "ms"} <= set(request)
    assert (request["status"], request["path"], request["method"]) == (500, "/breaks/<token>/", "GET")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", request["timestamp"])


def test_nothing_personal_is_written(site):
    names = [
        site.get("/breaks/a-key-to-somebodys-account/?email=dana@customer.example")[1],
        site.get("/confirm/a-key-to-somebodys-account/")[1],
        site.get("/confirm/a-key-to-somebodys-account")[1],
        site.get("/nothing/a-key-to-somebodys-account/dana@customer.example")[1],
        site.get("/a-key-to-somebodys-account")[1],
    ]
    for name in names:
        site.lines(name)
    for secret in ("a-key-to", "customer.example", "hunter2", "email="):
        assert secret not in site.process.output


def test_what_postgres_repeats_is_left_out(db):
    from_psycopg = (
        "IntegrityError: duplicate key\nDETAIL:  Key (name)=(Dana Lund) already exists.\nLINE 1: ...(Dana\n  ^"
    )
    assert "Dana" not in masked(from_psycopg) and "duplicate key" in masked(from_psycopg)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("to dana@customer.example, again", "to [address], again"),
        ("<dana@localhost>", "<[address]>"),
        ("zoë@müller.example", "[address]"),
        ("redis://:hunter2@host/0 and postgres://u:p@host/db", "redis://…@host/0 and postgres://…@host/db"),
        ("celery@web1 is ready", "celery@web1 is ready"),
        ({"deep": ["dana@customer.example", 3]}, {"deep": ["[address]", 3]}),
        ("    @require_safe", "    @require_safe"),
    ],
)
def test_addresses_and_passwords_are_masked(said, left):
    assert masked(said) == left


def test_masking_a_long_word_takes_no_long_time():
    assert len(masked("x" * 1_000_000)) == 20_000


def test_a_sane_name_is_kept_and_another_is_not(site):
    assert site.get("/", **{"X-Request-ID": "proxy-17:4f"})[1] == "proxy-17:4f"
    for strange in ("x" * 65, "two words", '{"a":1}'):
        assert site.get("/", **{"X-Request-ID": strange})[1] != strange


def test_whoever_asks_all_the_time_is_not_written_down(site):
    quiet = {site.get(path)[1] for path in ("/healthz", "/readyz", "/metrics")}
    site.lines(site.get("/login/")[1])
    written = [json.loads(line) for line in site.process.output.splitlines() if line.startswith("{")]
    assert not [line for line in written if line.get("request") in quiet and line["event"] == "request"]


def test_a_thread_and_a_command_that_break_are_told_once(home):
    for words in (["-m", "tests.config.breaking", "thread"], ["manage.py", "shell", "-c", "1 / 0"]):
        words = ["-c", f"import django, runpy, sys; django.setup(); sys.argv = {words[1:]!r}; "
                       f"runpy.run_module({words[1]!r}, run_name='x')"] if words[0] == "-m" else words  # fmt: skip
        done = run(*words, env=as_in_production(home))
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["exception"].count("ZeroDivisionError: division by zero") for line in lines] == [1], done.stderr


def test_a_task_that_breaks_is_told_once(home):
    command = [sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "-P", "solo", "-Q", "breaking"]
    command += ["-I", "tests.config.breaking", "--without-gossip", "--without-mingle"]
    with Process(command, home / "worker.log", as_in_production(home)) as worker:
        done = run("-c", "from config import celery_app; celery_app.send_task('breaking', queue='breaking')",
                   env=as_in_production(home))  # fmt: skip
        assert done.returncode == 0, done.stderr
        worker.wait_for_line("the task broke", 60)
    told = [json.loads(line) for line in worker.output.splitlines() if "the task broke" in line]
    assert len(told) == 1 and told[0]["level"] == "error" and "Traceback" in told[0]["exception"]


HI = "import django; django.setup(); import logging; logging.getLogger('accounts').info('hi')"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"LOG_FORMAT": "lines"}, r"20\d\d-.* \[info +\] hi .*\[accounts\]\n"),
        ({}, r'\{"event": "hi", "level": "info", .*\}\n'),
        ({"LOG_LEVEL": "ERROR"}, ""),
    ],
)
def test_a_person_reads_lines_and_a_machine_json(home, named, said):
    assert re.fullmatch(said, run("-c", HI, env=as_in_production(home, **named)).stderr)
