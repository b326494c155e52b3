"""Every way in which the world can fail, as a real client sees it."""

import logging
import os
import smtplib
import sys
import tempfile
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import redis
import urllib3

from launcher import private_servers
from stage import Gate, MailServer, Process, Provisioner
from stage.processes import wait_until

SHORT = 0.3  # seconds a client waits for an answer that never comes
DANA, ERIN = "dana@acme.example", "erin@acme.example"
PATIENT = "import time; print('ready'); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready'); time.sleep(60)"


@pytest.fixture(autouse=True)
def nothing_is_complained_of(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def provisioner() -> Iterator[Provisioner]:
    with Provisioner() as server:
        yield server


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    if named := os.environ.get("REDIS_URL"):
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="arrivals-world-") as folder:
        with private_servers.running(Path(folder), postgres=False, throwaway=True):
            yield private_servers.redis_url(Path(folder))


@pytest.fixture
def gate(broker: str) -> Iterator[Gate]:
    with Gate(broker) as gate:
        yield gate


def letter(*to: str, text: str = "Welcome, Dana.\n.\n..two dots\n") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "hello@arrivals.example", ", ".join(to), "Wëlcome"
    message.set_content(text)
    return message


def send(mail: MailServer, *to: str, timeout: float = SHORT) -> dict:
    with smtplib.SMTP("127.0.0.1", mail.port, timeout=timeout) as client:
        return client.send_message(letter(*(to or (DANA,))))


class TestMailServer:
    def test_keeps_what_it_takes(self, mail):
        send(mail, DANA, "Erin@Acme.example")
        assert mail.wait_for(DANA) == mail.to(ERIN) == mail.letters
        assert mail.letters[0]["Subject"] == "Wëlcome"
        assert mail.letters[0].get_content() == "Welcome, Dana.\n.\n..two dots\n"
        assert mail.to("nobody@acme.example") == []
        assert (mail.connections, mail.url) == (1, f"smtp://127.0.0.1:{mail.port}")

    def test_waits_in_vain_for_a_letter_that_nobody_sends(self, mail):
        with pytest.raises(TimeoutError, match=DANA):
            mail.wait_for(DANA, timeout=0.05)

    def test_refused_and_back_on_the_same_port(self, mail):
        port = mail.port
        for _ in range(3):
            mail.mode = "refused"
            with pytest.raises(ConnectionRefusedError):
                send(mail)
            mail.mode = "ok"
            send(mail)
        assert (mail.port, len(mail.to(DANA))) == (port, 3)

    def test_refused_cuts_who_is_connected(self, mail):
        with smtplib.SMTP("127.0.0.1", mail.port, timeout=SHORT) as client:
            mail.mode = "refused"
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.noop()

    def test_may_close_while_somebody_is_connected(self):
        with MailServer() as mail:
            client = smtplib.SMTP("127.0.0.1", mail.port, timeout=SHORT)
        with client, pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()

    def test_mute(self, mail):
        mail.mode = "mute"
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            send(mail)
        assert (mail.connections, mail.letters) == (1, [])

    @pytest.mark.parametrize("mode", ["mute_after_data", "reply_lost"])
    def test_kept_although_the_sender_cannot_know(self, mail, mode):
        mail.mode = mode
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(mail)
        assert len(mail.to(DANA)) == 1

    def test_4xx(self, mail):
        mail.mode = "4xx"
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            send(mail)
        assert (refusal.value.smtp_code, mail.letters) == (451, [])

    def test_5xx(self, mail):
        mail.mode = "5xx"
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            send(mail)
        assert (refusal.value.recipients[DANA][0], mail.letters) == (550, [])

    def test_bad_rcpt_is_for_that_address_alone(self, mail):
        mail.bad_rcpt(DANA.title())
        assert send(mail, DANA, ERIN)[DANA][0] == 550
        assert (mail.to(DANA), len(mail.to(ERIN))) == ([], 1)
        mail.bad_rcpt()
        send(mail)
        assert len(mail.to(DANA)) == 1

    def test_slow_answers_in_the_end(self, mail):
        mail.mode, mail.delay = "slow", 0.05
        start = time.monotonic()
        send(mail)
        assert time.monotonic() - start > 5 * 0.05
        assert len(mail.to(DANA)) == 1

    def test_drop(self, mail):
        mail.mode = "drop"
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(mail)
        assert mail.letters == []

    def test_each_letter_on_one_connection_takes_the_next_mode(self, mail):
        mail.script(["4xx", "5xx", "ok"])
        with smtplib.SMTP("127.0.0.1", mail.port, timeout=SHORT) as client:
            with pytest.raises(smtplib.SMTPDataError):
                client.send_message(letter(DANA))
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.send_message(letter(DANA))
            client.send_message(letter(DANA))
        assert (mail.connections, len(mail.letters), mail.mode) == (1, 1, "ok")

    def test_unknown_modes_are_refused(self, mail):
        with pytest.raises(ValueError, match="mute_after_data"):
            mail.mode = "deaf"
        with pytest.raises(ValueError):
            mail.script(["ok", "refused"])

    def test_reset(self, mail):
        send(mail)
        mail.mode = "refused"
        mail.reset()
        send(mail, ERIN)
        assert (mail.to(DANA), len(mail.letters), mail.connections) == ([], 1, 1)


def put(server: Provisioner, name: str = "a1", key: str = "k1", timeout=SHORT, **headers) -> urllib3.BaseHTTPResponse:
    headers = {"Idempotency-Key": key, **headers}
    return ask(server, "PUT", name, json={"company": "Acme"}, headers=headers, patience=timeout)


def ask(
    server: Provisioner, method: str, name: str, *, headers=None, patience=SHORT, **options
) -> urllib3.BaseHTTPResponse:
    url = f"http://127.0.0.1:{server.port}/workspaces/{name}"
    headers = {"Authorization": "Bearer token", **(headers or {})}
    with urllib3.PoolManager(retries=False, timeout=patience) as pool:
        return pool.request(method, url, headers=headers, redirect=False, **options)


class TestProvisioner:
    def test_makes_a_workspace_once(self, provisioner):
        first, again, other = put(provisioner), put(provisioner), put(provisioner, key="k2")
        assert [first.status, again.status, other.status] == [201, 200, 200]  # another key puts it right
        assert first.json() == again.json() == {"id": "a1"}
        assert provisioner.effects == {"a1": 1}
        assert ask(provisioner, "GET", "a1").json()["company"] == "Acme"
        assert ask(provisioner, "GET", "a2").status == 404
        assert provisioner.url == f"http://token@127.0.0.1:{provisioner.port}/workspaces"

    def test_asks_for_token_and_key(self, provisioner):
        assert put(provisioner, Authorization="Bearer guess").status == 401
        assert put(provisioner, key="").status == 400
        assert provisioner.workspaces == {}

    def test_records_each_request(self, provisioner):
        put(provisioner)
        [request] = provisioner.wait_for_requests(1)
        assert (request.method, request.path, request.json) == ("PUT", "/workspaces/a1", {"company": "Acme"})
        assert request.headers["idempotency-key"] == "k1"
        assert abs(request.at - time.time()) < 5
        assert provisioner.wait_for("a1")["key"] == "k1"

    @pytest.mark.parametrize(
        ("mode", "status", "wait"),
        [
            ("503", 503, None),
            ("503 with Retry-After", 503, "7"),
            ("429", 429, "7"),
            ("4xx", 422, None),
            ("redirect", 302, None),
        ],
    )
    def test_refusals_do_nothing(self, provisioner, mode, status, wait):
        provisioner.mode, provisioner.retry_after = mode, 7
        answer = put(provisioner)
        assert (answer.status, answer.headers.get("Retry-After")) == (status, wait)
        assert (provisioner.effects, len(provisioner.requests)) == ({}, 1)

    def test_4xx_says_why(self, provisioner):
        provisioner.mode = "4xx"
        assert put(provisioner).json() == {"error": "company name rejected"}

    def test_redirect_leads_elsewhere(self, provisioner):
        provisioner.mode = "redirect"
        assert put(provisioner).headers["Location"] == "/elsewhere/workspaces/a1"

    @pytest.mark.parametrize(
        ("mode", "error", "effects"),
        [
            ("mute", urllib3.exceptions.ReadTimeoutError, {}),
            ("drop", urllib3.exceptions.ProtocolError, {}),
            ("reply_lost", urllib3.exceptions.ProtocolError, {"a1": 1}),
        ],
    )
    def test_no_answer(self, provisioner, mode, error, effects):
        provisioner.mode = mode
        with pytest.raises(error):
            put(provisioner)
        assert (provisioner.effects, len(provisioner.requests)) == (effects, 1)

    def test_slow_does_the_work_although_nobody_waits(self, provisioner):
        provisioner.mode, provisioner.delay = "slow", SHORT + 0.2
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            put(provisioner)
        assert provisioner.effects == {}
        assert provisioner.wait_for("a1")

    def test_drip_outlasts_a_timeout_for_each_read(self, provisioner):
        provisioner.mode, provisioner.drip_every = "drip", 0.03
        start = time.monotonic()
        assert put(provisioner, timeout=2).json() == {"id": "a1"}
        assert time.monotonic() - start > 2

    def test_garbage_is_no_json(self, provisioner):
        provisioner.mode = "garbage"
        answer = put(provisioner)
        assert (answer.status, provisioner.effects) == (200, {"a1": 1})
        with pytest.raises(ValueError):
            answer.json()

    def test_refused_and_back_on_the_same_port(self, provisioner):
        provisioner.mode = "refused"
        with pytest.raises(urllib3.exceptions.NewConnectionError):
            put(provisioner)
        provisioner.mode = "ok"
        assert put(provisioner).status == 201

    def test_script_answers_in_order_on_one_connection(self, provisioner):
        provisioner.script(["503", "429", "ok"])
        url = f"http://127.0.0.1:{provisioner.port}/workspaces/a1"
        headers = {"Authorization": "Bearer token", "Idempotency-Key": "k1"}
        with urllib3.PoolManager(retries=False, timeout=SHORT) as pool:
            said = [pool.request("PUT", url, json={}, headers=headers).status for _ in range(4)]
        assert (said, provisioner.connections) == ([503, 429, 201, 200], 1)

    def test_reset(self, provisioner):
        put(provisioner)
        provisioner.reset()
        assert (provisioner.requests, provisioner.workspaces, provisioner.effects) == ([], {}, {})


def client(gate: Gate) -> redis.Redis:
    return redis.Redis.from_url(gate.url, socket_timeout=SHORT, socket_connect_timeout=SHORT, retry=None)


class TestGate:
    def test_passes_on(self, gate):
        with client(gate) as redis:
            redis.set("arrivals-world", "x" * 200_000)
            assert len(redis.get("arrivals-world")) == 200_000
            redis.delete("arrivals-world")
        assert gate.connections == 1 and f"127.0.0.1:{gate.port}/" in gate.url

    def test_passes_on_to_a_port(self, gate):
        with Gate(gate.url) as outer, client(outer) as redis:
            assert redis.ping()

    def test_keeps_database_and_login(self):
        assert Gate("redis+socket:///run/redis.sock?virtual_host=3").url == "redis://127.0.0.1:0/3"
        assert Gate("redis://:secret@redis.example:6380/2").url == "redis://:secret@127.0.0.1:0/2"

    def test_refused_and_back_on_the_same_port(self, gate):
        with client(gate) as redis_client:
            redis_client.ping()
            gate.mode = "refused"
            with pytest.raises(redis.ConnectionError):
                redis_client.ping()
            gate.mode = "ok"
            assert redis_client.ping()

    def test_mute_silences_old_and_new(self, gate):
        with client(gate) as old, client(gate) as new:
            old.ping()
            gate.mode = "mute"
            for each in (old, new):
                with pytest.raises(redis.TimeoutError):
                    each.ping()
            gate.mode = "ok"
            assert new.ping()

    def test_half_open_silences_the_old_alone(self, gate):
        with client(gate) as old, client(gate) as new:
            old.ping()
            gate.mode = "half_open"
            with pytest.raises(redis.TimeoutError):
                old.ping()
            assert new.ping()
            assert old.ping()  # connected anew

    def test_half_open_leaves_redis_in_the_dark(self, gate):
        with client(gate) as old, client(gate) as new:
            old.client_setname("left-behind")
            gate.mode = "half_open"
            old.close()
            assert "left-behind" in [each["name"] for each in new.client_list()]

    def test_redis_itself_is_away(self):
        with Gate("redis+socket:///nowhere/redis.sock?virtual_host=0") as gate, client(gate) as client_:
            with pytest.raises(redis.ConnectionError):
                client_.ping()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def python(code: str, log: Path, **env: str) -> Process:
    return Process([sys.executable, "-c", code], log, env=env)


def state_of(pid: int) -> str:
    """One letter, see proc(5): T is stopped, Z is dead and not yet buried; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class TestProcess:
    def test_says_and_ends(self, log):
        with python("import os; print('hello', os.environ['WHO'])", log, WHO="Dana") as process:
            assert process.wait() == 0
            assert process.wait_for_line("hello") == "hello Dana"

    def test_death_ends_the_wait(self, log):
        with python("raise SystemExit('no such luck')", log) as process:
            with pytest.raises(ChildProcessError, match="no such luck"):
                process.wait_for_line("ready")

    def test_wait_has_an_end(self, log):
        with python(PATIENT, log) as process:
            process.wait_for_line("ready")
            with pytest.raises(TimeoutError, match="ready"):
                process.wait_until(lambda: False, timeout=0.05)
            with pytest.raises(TimeoutError):
                process.wait(timeout=0.05)
        assert process.returncode == -15

    def test_stubborn_is_killed(self, log):
        with python(STUBBORN, log) as process:
            process.wait_for_line("ready")
            process.stop(patience=0.1)
            assert process.returncode == -9

    def test_kill9_takes_the_whole_group_and_start_begins_anew(self, log):
        code = "import subprocess, time; print('child', subprocess.Popen(['sleep', '60']).pid); time.sleep(60)"
        with python(code, log) as process:
            child = int(process.wait_for_line("child").split()[1])
            process.kill9()
            assert process.returncode == -9
            wait_until(lambda: state_of(child) in ("", "Z"))
            process.start()
            process.wait_until(lambda: process.output.count("child") == 2)

    def test_frozen_until_thawed(self, log):
        with python("import time\nwhile True: print('tick'); time.sleep(0.01)", log) as process:
            process.wait_for_line("tick")
            process.freeze()
            wait_until(lambda: state_of(process.pid) == "T")
            before = process.output
            process.thaw()
            process.wait_until(lambda: len(process.output) > len(before))
            process.freeze()
        assert process.returncode == -15

    def test_dies_with_its_parent(self, log, tmp_path):
        inner = (
            "import os, sys; from pathlib import Path; from stage.processes import Process\n"
            f"child = Process(['sleep', '60'], Path({str(tmp_path / 'inner')!r})); child.start()\n"
            "print('child', child.pid); os.kill(os.getpid(), 9)"
        )
        with python(inner, log) as process:
            child = int(process.wait_for_line("child").split()[1])
            process.wait()
            wait_until(lambda: state_of(child) in ("", "Z"))
