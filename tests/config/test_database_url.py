"""DATABASE_URL: what it means where it says nothing, whose word counts, and what is refused in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env as environment
from launcher import private_servers

URL = "postgres://dana:secret@db.example:5433/arrivals"
PROJECT = Path(__file__).resolve().parents[2]


def read(monkeypatch, query: str = "") -> dict:
    monkeypatch.setenv("DATABASE_URL", f"{URL}?{query}")
    return environment.database("DATABASE_URL", "")


def test_a_dead_link_is_given_up_within_seconds(monkeypatch):
    options = read(monkeypatch)["OPTIONS"]
    silent = options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"]
    assert options["keepalives"] == 1 and options["connect_timeout"] <= 5
    assert 5 <= silent <= 8 and 5000 <= options["tcp_user_timeout"] <= 8000
    assert "options" not in options, "a pooler refuses them"


def test_what_the_address_says_counts(monkeypatch):
    found = read(monkeypatch, "tcp_user_timeout=20000&connect_timeout=9&conn_max_age=5&sslmode=require")
    assert (found["OPTIONS"]["tcp_user_timeout"], found["OPTIONS"]["connect_timeout"]) == (20000, 9)
    assert (found["CONN_MAX_AGE"], found["OPTIONS"]["sslmode"]) == (5, "require")


@pytest.mark.parametrize(("word", "most"), [("true", 16), ("1", 16), ("on", 16), ("40", 40)])
def test_a_pool(monkeypatch, word, most):
    found = read(monkeypatch, f"pool={word}")
    pool = found["OPTIONS"]["pool"]
    assert found["CONN_MAX_AGE"] == 0
    assert (pool["max_size"], pool["timeout"] <= 5) == (most, True)


@pytest.mark.parametrize("word", ["false", "0", "off"])
def test_no_pool(monkeypatch, word):
    found = read(monkeypatch, f"pool={word}")
    assert ("pool" in found["OPTIONS"], found["CONN_MAX_AGE"]) == (False, 60)


@pytest.mark.parametrize(
    "query",
    [
        *("pool=banana", "pool=-3", "pool=100000", "pool=2.5", "pool=true&conn_max_age=60", "conn_max_age=long"),
        *("connect_timeout=soon", "tcp_user_timeout=5s", "keepalives_idle=x", "bananas=2"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(monkeypatch, query):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL [^\n]*\.$"):
        read(monkeypatch, query)


CROWD = """
import django; django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.core.management import call_command
from django.db import close_old_connections, connection
from django.test import Client
from accounts import hashers
from launcher import processes
call_command("migrate", verbosity=0)
connection.close()

def visit(path, fields=None):
    visitor = Client(headers={"host": "localhost"})
    try:
        return (visitor.post(path, fields) if fields else visitor.get(path)).status_code
    finally:
        close_old_connections()

def log_in(number):
    return visit("/login/", {"email": f"{number}@acme.example", "password": "x"})

with hashers.a_turn(), ThreadPoolExecutor(6) as crowd:
    free = hashers._places._value
    logins = [crowd.submit(log_in, number) for number in range(6)]
    assert processes.until(lambda: hashers._places._value == free - 6, 30)
    print(visit("/readyz"))
    hashers._turns.release()
    print([login.result() for login in logins])
    hashers._turns.acquire()
print(connection.pool.get_stats()["pool_max"], connection.pool.get_stats()["connections_num"] <= 2)
connection.close_pool()
"""


def test_who_waits_for_a_hash_holds_no_connection_of_the_pool(tmp_path):
    with private_servers.running(tmp_path, throwaway=True):
        url = f"{private_servers.database_url(tmp_path)}&pool=2"
        env = os.environ | {"DATABASE_URL": url, "ARRIVALS_HOME": str(tmp_path), "HASHES_AT_ONCE": "1"}
        env |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
        done = subprocess.run([sys.executable, "-c", CROWD], env=env, cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["200", "[200, 200, 200, 200, 200, 200]", "2 True"], done.stderr[-2000:]
