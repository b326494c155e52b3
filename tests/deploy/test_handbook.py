"""What docs/operations.md tells to type is typed: a bare server, a first sign-up, a third web, an upgrade, a restore.

Servers are outside ones on loopback, folders are below one of the test's, and apt, git and pip have run before.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from launcher.postgres import _programs
from launcher.servers import claim_sockets
from stage import MailServer
from stage.processes import wait_until
from stage.stage import free_port
from stage.visitor import Visitor
from tests.config.surroundings import PROJECT
from tests.deploy.outside import OutsidePostgres, OutsideValkey
from tests.deploy.sandbox import Server, prepare_nginx
from tests.deploy.test_files import certify, program

HANDBOOK = (PROJECT / "docs/operations.md").read_text()
DANA = {
    "name": "Dana",
    "email": "dana@acme.example",
    "company": "Acme",
    "phone": "030 901820",
    "password": "a few quiet words",
}
NEXT = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "{last}")]
    operations = [migrations.RunSQL("ALTER TABLE accounts_account ADD COLUMN next_one text NOT NULL DEFAULT ''")]
"""


def blocks(part: str) -> list[str]:
    """The blocks to run in one chapter."""
    [chapter] = re.findall(rf"^## {part}\n(.*?)(?=^## |\Z)", HANDBOOK, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```sh run\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> Iterator[tuple[OutsidePostgres, OutsidePostgres, OutsideValkey]]:
    homes = [tmp_path_factory.mktemp(name) for name in ("old", "new", "cache")]
    servers = OutsidePostgres(homes[0]), OutsidePostgres(homes[1]), OutsideValkey(homes[2])
    try:
        for server in servers:
            claim_sockets(server.home)
            server.start()
        yield servers
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, outside) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("server")
    old, new, cache = outside
    nginx, web, door, plain = program("nginx"), free_port(), free_port(), free_port()
    with MailServer() as mail:
        replaced = {
            "new-db.internal:5432": f"127.0.0.1:{new.port}",
            "db.internal:5432": f"127.0.0.1:{old.port}",
            "cache.internal:6379": f"127.0.0.1:{cache.port}",
            "smtp+tls://user:mail-password@smtp.example.com:587": mail.url,
            "127.0.0.1:8000": f"127.0.0.1:{web}",
            "https://arrivals.example.com": f"https://localhost:{door}",
            "s/arrivals\\.example\\.com/arrivals.example.com/g": ports(root, door, plain),
            "#PORT=8000": f"PORT={web}",
        }
        host = Server(root, _programs(), replaced, mail, f"https://localhost:{door}", web)
        certify("localhost", root)
        host.shim("curl", f'exec /usr/bin/curl --cacert {root}/fullchain.pem "$@"')
        prepare_nginx(host, nginx)
        try:
            yield host
        finally:
            host.stop()


def ports(root: Path, door: int, plain: int) -> str:
    """What else is another in the site of nginx: ports that anybody may have, and where the certificate is."""
    return (
        "s/arrivals.example.com/localhost/g; /listen \\[::\\]/d; "
        f"s/listen 443/listen 127.0.0.1:{door}/; s/listen 80/listen 127.0.0.1:{plain}/; "
        f"s#/etc/letsencrypt/live/localhost/#{root}/#"
    )


@pytest.fixture(autouse=True)
def trusted(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(server.root / "fullchain.pem"))


@pytest.fixture(scope="module")
def dana(server) -> Visitor:
    return Visitor(server.site)


def test_from_a_bare_server_to_a_first_sign_up(server, dana):
    said = "".join(server.run(block) for block in blocks("Install"))
    assert "All is well." in said and '"database": "ok"' in said
    signs_up_and_is_ready(dana, DANA["email"])
    dana.post("/login/", email=DANA["email"], password=DANA["password"])
    assert dana.get("/home/").path == "/home/"
    [welcome] = server.mail.wait_for(DANA["email"])
    assert server.site in welcome.get_body().get_content()


def signs_up_and_is_ready(person: Visitor, email: str) -> None:
    page = person.send("/signup/", DANA | {"email": email})
    assert page.path == "/arriving/", page.text
    person.wait_for("/arriving/", "account is ready")


def test_three_webs_and_nobody_is_logged_out(server, dana, outside):
    """One of them is the next release, after the migrations of that; the old ones go on taking people in."""
    further = {"arrivals-web@2": free_port(), "arrivals-web@3": free_port()}
    server.start("arrivals-web@2", PORT=str(further["arrivals-web@2"]))
    server.start("arrivals-web@3", project=next_release(server), PORT=str(further["arrivals-web@3"]))
    for unit, port in further.items():
        server.units[unit].wait_until(lambda port=port: answers(server, port), 40)
    site = server.root / "etc/nginx/sites-available/arrivals"
    line = f"server 127.0.0.1:{server.web} max_fails=1 fail_timeout=5s;"
    assert line in site.read_text()
    added = "".join(f"server 127.0.0.1:{port};" for port in further.values())
    site.write_text(site.read_text().replace(line, line + added))
    server.run("nginx -t && systemctl reload nginx")
    wait_until(lambda: versions(server) == {"1.0.0", "1.1.0"})
    before = served(server)
    seen = Counter(dana.get("/home/").path for _ in range(100))
    assert seen == {"/home/": 100}
    shares = {unit: number - before[unit] for unit, number in served(server).items()}
    assert len(shares) == 3 and min(shares.values()) >= 20, shares
    for number in range(3):
        signs_up_and_is_ready(Visitor(server.site), f"erin{number}@acme.example")


def next_release(server: Server) -> str:
    """A copy that calls itself 1.1.0 and has one migration more, which is applied."""
    place = server.root / "opt/next"
    shutil.copytree(server.root / "opt/arrivals", place, symlinks=True)
    pyproject = place / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('version = "1.0.0"', 'version = "1.1.0"'))
    last = sorted((place / "accounts/migrations").glob("0*.py"))[-1].stem
    (place / "accounts/migrations/9999_next.py").write_text(NEXT.format(last=last))
    server.run(f"set -a; . /etc/arrivals/env; set +a; cd {place}; .venv/bin/python manage.py migrate --no-input")
    return str(place)


def answers(server: Server, port: int) -> bool:
    try:
        return Visitor(f"http://127.0.0.1:{port}").get("/readyz").status == 200
    except OSError:
        return False


def versions(server: Server) -> set[str]:
    return {re.findall(r'"version": "(.*?)"', Visitor(server.site).get("/healthz").body)[0] for _ in range(9)}


def served(server: Server) -> dict[str, int]:
    webs = [unit for unit in server.units if "web" in unit]
    return {unit: server.units[unit].output.count('"path": "/home/"') for unit in webs}


def test_an_upgrade_interrupts_nobody(server, dana):
    """Visitors go on, all the while; those three processes are started anew one by one."""
    [upgrade] = blocks("Upgrade")
    with ThreadPoolExecutor(1) as visitors:
        over = Event()
        pages = visitors.submit(lambda: Counter(visit(dana) for _ in iter(lambda: over.wait(0.1), True)))
        try:
            server.run(upgrade)
            wait_until(lambda: answers(server, server.web), 40)
        finally:
            over.set()
    assert set(pages.result()) == {(200, "/home/")} and pages.result().total() > 10


def visit(person: Visitor) -> tuple[int, str]:
    page = person.get("/home/")
    return page.status, page.path


def test_a_restore_brings_everybody_back(server, dana, outside):
    backup, restore = blocks("Backup and restore")
    server.run(backup)
    for unit in [unit for unit in server.units if "@" in unit]:
        server.units.pop(unit).stop()
    outside[0].log.write_text("")
    said = server.run(restore)
    assert "All is well." in said and "unaccounted: 0" in said
    outside[0].stop()
    wait_until(lambda: answers(server, server.web), 40)
    assert dana.get("/home/").path == "/home/"
    assert "workspace_" in server.run('psql "$NEW_ADMIN_URL" -c "SELECT rolname FROM pg_roles"')
    signs_up_and_is_ready(Visitor(server.site), "frank@acme.example")


def test_the_audit_names_what_a_restore_has_lost_until_it_is_there_again(server, dana):
    inside = '"${NEW_ADMIN_URL%/*}/arrivals"'
    of_dana = "SELECT w.reference FROM provisioning_workspace AS w, accounts_account AS a"
    of_dana += f" WHERE a.id = account_id AND email = '{DANA['email']}'"
    schema = server.run(f'psql {inside} -At -c "{of_dana}"').strip().splitlines()[-1]
    for table, column in (("provisioning_step", "done_at"), ("provisioning_workspace", "created_at")):
        older = f"UPDATE {table} SET {column} = {column} - interval '1 hour'"  # what is younger may still be healing
        server.run(f'psql {inside} -c "{older}"')
    server.run(f'psql {inside} -c "DROP SCHEMA {schema} CASCADE"')
    said = server.run("arrivals audit || true")
    assert "promised, and not there" in said and DANA["email"] in said and "unaccounted: 1" in said
    server.run(f'psql {inside} -c "CREATE SCHEMA {schema} AUTHORIZATION {schema}"')
    server.run(f"pg_restore --exit-on-error --schema={schema} --dbname={inside} /var/backups/arrivals/arrivals.dump")
    assert "unaccounted: 0" in server.run("arrivals audit")


def test_what_is_to_be_run_is_found():
    found = [len(blocks(part)) for part in ("Install", "Upgrade", "Backup and restore")]
    assert found == [5, 1, 2] and HANDBOOK.count("```sh run") == sum(found)
