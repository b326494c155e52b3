"""Each variable with a value that is wrong, and the words of the one sentence that says so."""

import os
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.config.surroundings import GOOD_KEY, PROJECT, run, surroundings

LONG_KEY = "ab" * 30
REFUSED = [
    ("ALLOWED_HOSTS", ",", "names nothing"),
    ("ALLOWED_HOSTS", "https://acme.example", "bare hosts"),
    ("ALLOWED_HOSTS", "acme.example:8000", "bare hosts"),
    ("ALLOWED_HOSTS", "acme.example/path", "bare hosts"),
    ("ALLOWED_HOSTS", "*.acme.example", "bare hosts"),
    ("ALLOWED_HOSTS", "::1", "[::1]"),
    ("ALLOWED_HOSTS", "müller.example", "bare hosts"),
    ("ALLOWED_HOSTS", "a.example,a.example", "twice"),
    ("ARRIVALS_HOME", "/proc/nowhere", "a folder that we may write in"),
    ("ARRIVALS_HOME", "/dev/null", "a folder that we may write in"),
    ("ARRIVALS_POSTGRES_BIN", "/nowhere", "the folder of initdb and postgres"),
    ("ARRIVALS_POSTGRES_BIN", "/tmp", "the folder of initdb and postgres"),
    ("DATABASE_URL", "mysql://u:p@h/db", "must start with postgres://"),
    ("DATABASE_URL", "arrivals", "must start with postgres://"),
    ("DATABASE_URL", "postgres://u:p@host", "names no database"),
    ("DATABASE_URL", "postgres://u:p@host/", "names no database"),
    ("DATABASE_URL", "postgres://", "names no database"),
    ("DATABASE_URL", "postgres://u:p@host:port/db", "DATABASE_URL"),
    ("DATABASE_URL", "postgres://u:p@host:70000/db", "DATABASE_URL"),
    ("DATABASE_URL", "postgres://u:s3#cret@host/db", "DATABASE_URL"),
    ("DATABASE_URL", "postgres://u:s3/cret@host/db", "DATABASE_URL"),
    ("DATABASE_URL", "postgres://u:p@ho st/db", "DATABASE_URL"),
    ("DATABASE_URL", "postgres://u:p@[::1/db", "DATABASE_URL"),
    ("DATABASE_URL", "postgres://u:p@host/db?sslmod=require", "did you mean sslmode"),
    ("DATABASE_URL", "postgres://u:p@host/db?sslmode=yes", "verify-full"),
    ("DATABASE_URL", "postgres://u:p@host/db?connect_timeout=soon", "whole number"),
    ("DEBUG", "maybe", "must be 1 or 0"),
    ("DEFAULT_FROM_EMAIL", "Acme", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "a@acme.example, b@acme.example", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme <hello@>", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme <a@acme.example>, Bo <b@acme.example>", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme <a@acme.example>;", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme <hello@" + "ü" * 60 + ".example>", "one e-mail address"),
    ("DATABASE_URL", "postgres://u:p@::1/db", "DATABASE_URL"),
    ("HOME_URL", "app.acme.example", "https:// and a host"),
    ("HOME_URL", "http://app.acme.example/", "loopback only"),
    ("HOME_URL", "https://user:password@app.acme.example/", "no user"),
    ("HOME_URL", "https://app.acme.example/#inside", "no #"),
    ("HOME_URL", "https://app.acme.example:port/", "https:// and a host"),
    ("HOME_URL", "https://app .acme.example/", "without a blank"),
    ("HOME_URL", "javascript:alert(1)", "https:// and a host"),
    ("OIDC_CLIENTS", "shop", "must be https://id:secret@"),
    ("OIDC_CLIENTS", "https://app.acme.example/callback", "must be https://id:secret@"),
    ("OIDC_CLIENTS", f"https://sh+op:{LONG_KEY}@app.acme.example/callback", "an id of letters"),
    ("OIDC_CLIENTS", "https://shop:short@app.acme.example/callback", "a secret for shop that is not 32"),
    ("OIDC_CLIENTS", "https://shop:@app.acme.example/callback", "a secret for shop that is not 32"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}%2F@app.acme.example/callback", "a secret for shop that is not 32"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@app.acme.example", "must have a path"),
    ("OIDC_CLIENTS", f"http://shop:{LONG_KEY}@app.acme.example/callback", "loopback only"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@*.acme.example/callback", "no *"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@app.acme.example/callback#x", "no #"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@müller.example/callback", "ASCII"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@a.example/,https://shop:{LONG_KEY}x@b.example/", "two secrets"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@a.example/,https://shop:{LONG_KEY}@a.example/", "twice"),
    ("EMAIL_URL", "smtp://::1", "brackets"),
    ("REDIS_URL", "redis://::1/0", "brackets"),
    ("WORKSPACE_URL", "http://token@::1/w", "brackets"),
    ("SITE_URL", "http://::1:8000", "brackets"),
    ("SITE_URL", "http://[::1%25eth0]:8000", "a zone"),
    ("SITE_URL", "http://[zz]:8000", "SITE_URL"),
    ("ALLOWED_HOSTS", "[::1]:8000", "bare hosts"),
    ("HOST", "[::1]:8000", "an address to listen on"),
    ("DEFAULT_FROM_EMAIL", "Acme <hello@acme..example>", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme <hällo@acme.example>", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme <hello@10.0.0.1>", "one e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Acme\nBcc: x <hello@acme.example>", "line break"),
    ("DESK_IDLE_MINUTES", "0", "from 1 to 1440"),
    ("DESK_REQUIRES_TOTP", "perhaps", "must be 1 or 0"),
    ("EMAIL_URL", "smtp://", "names no host"),
    ("EMAIL_URL", "smtp:", "must start with smtp://"),
    ("EMAIL_URL", "localhost:25", "must start with smtp://"),
    ("EMAIL_URL", "smtp://user:pw@:587", "names no host"),
    ("EMAIL_URL", "smtp://host:port", "no port number"),
    ("EMAIL_URL", "smtp://host:0", "no port number"),
    ("EMAIL_URL", "smtp://host:", "no port number"),
    ("EMAIL_URL", "smtp://host..name", "a host that is none"),
    ("EMAIL_URL", "smtp://host?tls=1", "smtp+tls://"),
    ("EMAIL_URL", "smtp://host?timeout=3", "do not know"),
    ("EMAIL_URL", "smtp://user:pa/ss@host", "EMAIL_URL"),
    ("EMAIL_URL", "smtp://user@host", "both a user and a password"),
    ("EMAIL_URL", "smtp://user:p%C3%A4ss@host", "outside ASCII"),
    ("EMAIL_URL", "filemail://folder", "names no folder"),
    ("API_TOKEN", "short", "20 characters or more"),
    ("API_TOKEN", "a" * 30 + ",short", "20 characters or more"),
    ("API_TOKEN", "a" * 20 + " " + "b" * 20, "20 characters or more"),
    ("API_TOKEN", "a" * 20 + "," + "a" * 20, "one twice"),
    ("HASHES_AT_ONCE", "many", "whole number"),
    ("RETENTION_DAYS", "diaries=90", "none of diary, errands"),
    ("RETENTION_DAYS", "diary", "must give diary days from 30"),
    ("RETENTION_DAYS", "diary=29", "must give diary days from 30"),
    ("RETENTION_DAYS", "diary=-90", "must give diary days from 30"),
    ("RETENTION_DAYS", "diary=90,diary=91", "twice"),
    ("RETENTION_DAYS", "90", "none of diary, errands"),
    ("HOST", "nowhere.invalid", "an address to listen on"),
    ("HOST", "http://0.0.0.0", "an address to listen on"),
    ("LOG_FORMAT", "xml", "json, lines"),
    ("LOG_LEVEL", "LOUD", "INFO"),
    ("OWNER_EMAIL", "nobody", "one e-mail address"),
    ("PORT", "70000", "from 1 to 65535"),
    ("PORT", "9" * 5000, "from 1 to 65535"),
    ("PROXIES", "-1", "from 0 to 10"),
    ("REDIS_URL", "amqp://host", "must start with redis://"),
    ("REDIS_URL", "redis://", "names no host"),
    ("REDIS_URL", "redis:///0", "names no host"),
    ("REDIS_URL", "redis:host", "must start with redis://"),
    ("REDIS_URL", "redis://:s3[cret@host/0", "%23"),
    ("REDIS_URL", "redis://host/abc", "by a number"),
    ("REDIS_URL", "redis://host/-1", "by a number"),
    ("REDIS_URL", "redis://host:port/0", "no port number"),
    ("REDIS_URL", "redis://host/0?foo=bar", "do not know"),
    ("REDIS_URL", "rediss://host/0?ssl_cert_reqs=perhaps", "ssl_cert_reqs"),
    ("REDIS_URL", "rediss://host/0?ssl_check_hostname=perhaps", "ssl_check_hostname"),
    ("REDIS_URL", "unix://", "names no socket"),
    ("REDIS_URL", "unix://relative/redis.sock", "names no socket"),
    ("REDIS_URL", "unix:///redis.sock?virtual_host=x", "by a number"),
    ("SECRET_KEY", "short", "too short"),
    ("METRICS_TOKEN", "short", "20 characters"),
    ("METRICS_TOKEN", "a token with blanks, and long enough", "only letters"),
    ("SENTRY_DSN", "sentry", "SENTRY_DSN"),
    ("SENTRY_DSN", "https://sentry.example/1", "https://key@host/project"),
    ("CANARY_EVERY", "often", "whole number from 0 to 86400"),
    ("CANARY_ADDRESS", "nobody", "one e-mail address"),
    ("SETUP_GIVE_UP_AFTER", "0", "from 1 to"),
    ("SETUP_LEASE_SECONDS", "1.5", "whole number"),
    ("SETUP_RETRY_SECONDS", "nan", "like 2,5,15,60"),
    ("SETUP_RETRY_SECONDS", "inf", "like 2,5,15,60"),
    ("SETUP_RETRY_SECONDS", "1e9", "like 2,5,15,60"),
    ("SETUP_RETRY_SECONDS", "1e-300", "like 2,5,15,60"),
    ("SETUP_RETRY_SECONDS", "2,,5", "like 2,5,15,60"),
    ("SETUP_STEPS", ",", "names nothing"),
    ("SETUP_STEPS", "workspace,workspace", "twice"),
    ("SETUP_THREADS", "0", "from 1 to 500"),
    ("SITE_URL", "acme.example", "http(s)://host"),
    ("SITE_URL", "ftp://acme.example", "http(s)://host"),
    ("SITE_URL", "https://", "http(s)://host"),
    ("SITE_URL", "https://acme.example/app", "no path"),
    ("SITE_URL", "https://acme.example?x=1", "no path"),
    ("SITE_URL", "https://acme.example/#top", "SITE_URL"),
    ("SITE_URL", "https://dana:pw@acme.example", "user or password"),
    ("SITE_URL", "https://acme.example:port", "no port number"),
    ("SITE_URL", "https://ac me.example", "SITE_URL"),
    ("SITE_URL", "http://[::1", "SITE_URL"),
    ("SUPPORT_EMAIL", "support@", "one e-mail address"),
    ("SWEEP_SECONDS", "0", "from 1 to 3600"),
    ("THROTTLES", "off", "DEBUG=1"),
    ("WEBHOOK_SECRET", "nocolon", "user:password"),
    ("WEBHOOK_SECRET", ":password", "user:password"),
    ("WEBHOOK_SECRET", "user:", "user:password"),
    ("WORKSPACE_URL", "elsewhere:", "local:"),
    ("WORKSPACE_URL", "local:x", "local:"),
    ("WORKSPACE_URL", "https://", "names no host"),
    ("WORKSPACE_URL", "https://acme.example/workspaces", "a token"),
    ("WORKSPACE_URL", "https://token:more@acme.example/workspaces", "a token"),
    ("WORKSPACE_URL", "https://token@acme.example/workspaces?x=1", "ends with its path"),
    ("WORKSPACE_URL", "https://to%0Aken@acme.example/workspaces", "a header cannot carry"),
    ("WORKSPACE_URL", "https://token@acme.example:0/workspaces", "no port number"),
    ("WORKSPACE_URL", "http://token@public-host.example", "in the open"),
    ("WORKSPACE_URL", "http://token@8.8.8.8/workspaces", "in the open"),
    ("WORKSPACE_URL", "http://token@[2001:4860:4860::8888]/workspaces", "in the open"),
    ("WORKSPACE_URL", "http://token@[::ffff:8.8.8.8]/workspaces", "in the open"),
    ("WORKSPACE_URL", "http://token@134744072/workspaces", "a host that is none"),
    ("WORKSPACE_URL", "http://token@internal.acme.example/workspaces", "in the open"),
]
TAKEN = [
    ("ALLOWED_HOSTS", "acme.example,.acme.example,[::1],*"),
    ("ARRIVALS_POSTGRES_BIN", ""),
    ("DATABASE_URL", "postgres://u:p%23%2F@host:5432/db?sslmode=require&connect_timeout=5"),
    ("DATABASE_URL", "postgres://u:p@[::1]:5432/db"),
    ("DATABASE_URL", "postgres://u:p@one.example:5432,two.example:5433/db?target_session_attrs=read-write"),
    ("DATABASE_URL", "postgres://u@/db?host=%2Fvar%2Frun"),
    ("EMAIL_URL", "smtp+tls://me@acme.example:p%40ss@mail.acme.example:587"),
    ("EMAIL_URL", "smtp://mail"),
    ("HOST", "0.0.0.0"),
    ("HOST", "::"),
    ("HOST", "[::1]"),
    ("HOST", "localhost"),
    ("LOG_LEVEL", "debug"),
    ("RETENTION_DAYS", "diary=730, tries = 90,"),
    ("HOME_URL", "http://127.0.0.1:9000/login/"),
    ("OIDC_CLIENTS", f"https://shop:{LONG_KEY}@app.acme.example/oidc/callback?x=1, https://phone@a.example/"),
    ("OIDC_CLIENTS", f"http://shop:{LONG_KEY}@[::1]:9000/back"),
    ("REDIS_URL", "rediss://:p%40ss@redis.acme.example:6380/3?ssl_cert_reqs=required"),
    ("SECRET_KEY", GOOD_KEY),
    ("SECRET_KEY", "$" + GOOD_KEY),
    ("SITE_URL", "http://[::1]"),
    ("SITE_URL", "http://[::1]:8000"),
    ("SITE_URL", "http://127.0.0.1:8000/"),
    ("SITE_URL", "https://acme.example:8443"),
    ("WEBHOOK_SECRET", "user:pass:word"),
    ("WORKSPACE_URL", "http://127.0.0.1/workspaces"),
    ("WORKSPACE_URL", "local:"),
    ("WORKSPACE_URL", "postgres-schema:"),
    ("WORKSPACE_URL", "https://token@acme.example"),
    ("WORKSPACE_URL", "https://to%2Fken@acme.example:8443/a/b/"),
    ("WORKSPACE_URL", "http://token@127.0.0.1:9/workspaces"),
    ("WORKSPACE_URL", "http://token@[::1]:9/workspaces"),
    ("WORKSPACE_URL", "http://token@10.1.2.3/workspaces"),
    ("WORKSPACE_URL", "http://token@workspaces/path"),
    ("WORKSPACE_URL", "http://token@workspaces.internal/path"),
    ("WORKSPACE_URL", "http://token@workspaces.default.svc.cluster.local/path"),
    ("WORKSPACE_URL", "http://token@work_spaces.svc:8080/path"),
]


AS_MEANT = [
    ("SITE_URL", "http://[::1]:8000", "SITE_URL", "http://[::1]:8000"),
    ("SITE_URL", "https://[2001:DB8:0:0::1]:443", "SITE_URL", "https://[2001:db8::1]"),
    ("SITE_URL", "http://straße.example", "SITE_URL", "http://xn--strae-oqa.example"),
    ("ALLOWED_HOSTS", "[2001:DB8:0:0::1],.acme.example", "ALLOWED_HOSTS", ["[2001:db8::1]", ".acme.example"]),
    ("EMAIL_URL", "smtp+tls://u:p@[2001:db8::1]:587", "EMAIL_HOST", "2001:db8::1"),
    ("HOST", "::1", "HOST", "[::1]"),
    ("HOME_URL", "https://app.acme.example", "HOME_URL", "https://app.acme.example/"),
    (
        "OIDC_CLIENTS",
        "https://phone@a.example/b,https://phone@a.example/c",
        "OIDC_CLIENTS",
        {"phone": {"secret_hash": "", "redirect_uris": ["https://a.example/b", "https://a.example/c"]}},
    ),
]


@contextmanager
def started_with(home: Path, **named: str) -> Iterator[dict]:
    """The settings as a program that starts here would have them."""
    with patch.dict(os.environ, surroundings(home, **named), clear=True):
        yield runpy.run_path(str(PROJECT / "config" / "settings.py"))


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_a_wrong_value_is_one_sentence_that_names_its_variable(tmp_path, name, value, words):
    with pytest.raises(ImproperlyConfigured) as refused, started_with(tmp_path, **{name: value}):
        pass
    said = str(refused.value)
    assert said.startswith(f"{name} ") and said.endswith(".") and "\n" not in said
    assert words in said and LONG_KEY not in said


@pytest.mark.parametrize(("name", "value"), TAKEN)
def test_a_right_value_is_taken(tmp_path, name, value):
    with started_with(tmp_path, **{name: value}) as settings:
        assert settings["SITE_URL"]


@pytest.mark.parametrize(("name", "value", "setting", "meant"), AS_MEANT)
def test_an_address_of_ipv6_and_a_name_outside_ascii_are_taken_as_meant(tmp_path, name, value, setting, meant):
    with started_with(tmp_path, **{name: value}) as settings:
        assert settings[setting] == meant


def test_several_hosts_of_ipv6_are_named_as_libpq_wants_them(tmp_path):
    with started_with(tmp_path, DATABASE_URL="postgres://u:p@[::1]:5432,[2001:db8::2]:5433/db") as settings:
        assert settings["DATABASES"]["default"]["HOST"] == "::1,2001:db8::2"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "EMAIL_URL", "WORKSPACE_URL", "SENTRY_DSN"])
@pytest.mark.parametrize("secret", ["s3#cret", "s3/cret", "s3?cret", "s3 cret"])
def test_no_sentence_tells_a_password(tmp_path, name, secret):
    scheme = {"DATABASE_URL": "postgres", "REDIS_URL": "redis", "EMAIL_URL": "smtp"}.get(name, "https")
    with pytest.raises(ImproperlyConfigured) as refused:
        with started_with(tmp_path, **{name: f"{scheme}://user:{secret}@host/1"}):
            pass
    assert "cret" not in str(refused.value) and "s3" not in str(refused.value)


def test_a_site_is_where_browsers_say_it_is(tmp_path):
    for given, kept, host in [
        ("HTTPS://Acme.Example:443/", "https://acme.example", "acme.example"),
        ("https://müller.example", "https://xn--mller-kva.example", "xn--mller-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]"),
    ]:
        with started_with(tmp_path, SITE_URL=given) as settings:
            assert (settings["SITE_URL"], settings["ALLOWED_HOSTS"][0]) == (kept, host)


def test_mail_goes_to_the_port_of_its_kind(tmp_path):
    for url, port in [("smtp://mail", 25), ("smtp+tls://mail", 587), ("smtp+ssl://mail", 465), ("smtp://mail:9", 9)]:
        with started_with(tmp_path, EMAIL_URL=url) as settings:
            assert settings["EMAIL_PORT"] == port


def test_a_socket_and_its_database(tmp_path):
    with started_with(tmp_path, REDIS_URL="unix:///run/redis.sock?db=3") as settings:
        assert settings["CELERY_BROKER_URL"] == "redis+socket:///run/redis.sock?virtual_host=3"


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path):
    keys = set()
    for _ in range(2):
        with started_with(tmp_path) as settings:
            keys.add(settings["SECRET_KEY"])
    assert len(keys) == 1 and (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("secret_key*")] == ["secret_key"]


HALF = """
def billing(account): ...
class Constant: pass
number = 3
async def later(account, key): ...
def {long}(account, key): ...
def twice(account, key): ...
def needs(account, key): ...
needs.dependency = "d" * 51
""".format(long="a" * 51)
STEPS = [
    ("workspce", "cannot be imported"),
    ("workspce", "write workspace"),
    ("shop.nowhere.step", "cannot be imported"),
    ("platform_.missing", "cannot be imported"),
    ("platform_broken.step", "ZeroDivisionError"),
    ("platform_half.number", "no function of an account and a key"),
    ("platform_half.billing", "no function of an account and a key"),
    ("platform_half.Constant", "no function of an account and a key"),
    ("platform_half.later", "no function of an account and a key"),
    ("letter.ready", "an email and not a step"),
]
ASK = """
import os, sys
import django
from django.core.exceptions import ImproperlyConfigured
django.setup()
from django.conf import settings
from config.checks import refuse_wrong_settings
from provisioning.kinds import setup_kinds
for line in sys.stdin.read().splitlines():
    settings.SETUP_STEPS = ["welcome_email", *line.split(",")]
    setup_kinds.cache_clear()
    try:
        refuse_wrong_settings()
        print("taken")
    except ImproperlyConfigured as refused:
        print(refused)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory) -> Path:
    """Where a platform keeps its steps, some of them wrong."""
    folder = tmp_path_factory.mktemp("platform")
    (folder / "platform_half.py").write_text(HALF)
    (folder / "platform_broken.py").write_text("1 / 0")
    (folder / "platform_more.py").write_text("def twice(account, key): ...\ndef fine(account, key, more=1): ...\n")
    return folder


def in_reach(home: Path, platform: Path, **named: str) -> dict[str, str]:
    return surroundings(home, **named) | {"PYTHONPATH": f"{PROJECT}:{platform}"}


def test_each_wrong_step_is_refused_before_anybody_signs_up(platform, tmp_path):
    lines = [path for path, _words in STEPS] + ["platform_more.fine", "workspace"]
    done = run(
        "-c",
        f"import io, sys\nsys.stdin = io.StringIO({chr(10).join(lines)!r})\n{ASK}",
        env=in_reach(tmp_path, platform),
    )
    said = done.stdout.splitlines()
    assert said[-2:] == ["taken", "taken"], done.stderr
    for (path, words), sentence in zip(STEPS, said, strict=False):
        assert words in sentence and sentence.startswith("SETUP_STEPS "), (path, sentence)


COMMANDS = [
    ("manage.py", "check"),
    ("manage.py", "up"),
    ("manage.py", "doctor"),
    ("-c", "import config.wsgi"),
    ("-m", "celery", "-q", "-A", "config", "worker", "-P", "threads", "-c", "1"),
    ("-m", "celery", "-q", "-A", "config", "beat"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("name", "value"), [("EMAIL_URL", "smtp://"), ("SETUP_STEPS", "welcome_email,workspce")])
def test_every_program_ends_with_the_sentence_and_nothing_else(tmp_path, command, name, value):
    done = run(*command, env=surroundings(tmp_path, **{name: value}))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} ") and done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


def test_three_hosts_with_three_keys_are_told(tmp_path):
    for command in (("manage.py", "check"), ("manage.py", "doctor"), ("-c", "import config.wsgi")):
        done = run(*command, env=surroundings(tmp_path, SITE_URL="https://acme.example"))
        assert "SECRET_KEY is not named" in done.stderr, command
    named = surroundings(tmp_path, SITE_URL="https://acme.example", SECRET_KEY=GOOD_KEY)
    assert "SECRET_KEY" not in run("manage.py", "check", env=named).stderr


SERVING = [
    ("manage.py", "web"),
    ("manage.py", "worker"),
    ("-c", "import config.wsgi"),
    ("-m", "celery", "-q", "-A", "config", "worker", "-P", "threads", "-c", "1"),
]


@pytest.mark.parametrize("command", SERVING, ids=" ".join)
@pytest.mark.parametrize(("name", "value"), [("SITE_URL", "https://acme.example"), ("HOST", "0.0.0.0")])
def test_no_host_of_several_starts_with_a_key_of_its_own(tmp_path, command, name, value):
    done = run(*command, env=surroundings(tmp_path, **{name: value}))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("give all hosts the same 50 random characters as SECRET_KEY.")


@pytest.mark.parametrize(
    "fine",
    [
        {"SITE_URL": "https://acme.example", "SECRET_KEY": GOOD_KEY},
        {"SITE_URL": "https://acme.example", "ARRIVALS_SUPERVISED": "1"},
        {"SITE_URL": "https://acme.example", "DEBUG": "1"},
        {"SITE_URL": "http://localhost:8000"},
        {"SITE_URL": "http://[::1]:8000", "HOST": "::1"},
    ],
    ids=str,
)
def test_one_host_needs_none(tmp_path, fine):
    done = run("-c", "import config.wsgi", env=surroundings(tmp_path, **fine))
    assert done.returncode == 0, done.stderr


def test_what_fits_badly_together_is_told(tmp_path):
    named = {"SWEEP_SECONDS": "90", "ALLOWED_HOSTS": "other.example", "HOST": "192.0.2.1"}
    done = run("manage.py", "check", env=surroundings(tmp_path, **named))
    assert done.returncode == 0
    assert {"config.W002", "config.W003", "provisioning.W001"} <= set(
        done.stderr.replace("(", " ").replace(")", " ").split()
    )


def test_sentry_that_is_not_installed_is_told(tmp_path):
    dsn = "https://key@sentry.example/1"
    done = run("manage.py", "check", env=surroundings(tmp_path, SENTRY_DSN=dsn))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "pip install sentry-sdk" in done.stderr


def test_sentry_gets_nothing_of_a_person(tmp_path):
    (tmp_path / "sentry_sdk.py").write_text(
        "def init(before_send, **options):\n"
        "    print(options['dsn'], options['send_default_pii'], options['include_local_variables'])\n"
        "    print(before_send({'request': {'url': '/confirm/token/'}, 'message': 'to dana@acme.example'}, {}))\n"
    )
    env = surroundings(tmp_path, SENTRY_DSN="https://key@sentry.example/1")
    done = run("manage.py", "check", env=env | {"PYTHONPATH": f"{PROJECT}:{tmp_path}"})
    assert done.stdout.splitlines()[:2] == ["https://key@sentry.example/1 False False", "{'message': 'to [address]'}"]
