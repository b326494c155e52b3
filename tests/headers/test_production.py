"""What a site on https sends, asked of a process that was started as one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DYNAMIC = ("/", "/signup/", "/login/", "/contact/", "/arriving/", "/confirm/token/", "/no/such/page/")
PERSONAL = ("/signup/", "/login/", "/contact/", "/arriving/", "/confirm/token/")


def production(home: Path) -> dict[str, str]:
    named = {
        "SITE_URL": "https://arrivals.example",
        "SECRET_KEY": "k8-Zr0q4LwX9sYt2VbN6mEu1PcJ7hGd3FoTi5RaWlQvMxBn0CyKz",
        "ARRIVALS_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(PROJECT),
    }
    ours = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return ours | named  # tests/servers.py has named DATABASE_URL and REDIS_URL


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, env=production(home), cwd=PROJECT, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict:
    done = run(tmp_path_factory.mktemp("home"), "-m", "tests.headers.production")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_check_deploy_is_clean(tmp_path):
    done = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("path", DYNAMIC)
def test_every_page_is_guarded(seen, path):
    headers = seen["pages"][path]["headers"]
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == ("strict-origin" if path.startswith("/confirm/") else "same-origin")
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", DYNAMIC)
def test_policy_allows_ourselves_and_nothing_else(seen, path):
    policy = dict(part.split(" ", 1) for part in policy_of(seen, path) if " " in part)
    assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
    assert set(policy.values()) == {"'self'"}
    assert {"script-src", "style-src", "form-action"} <= set(policy)
    assert "upgrade-insecure-requests" in policy_of(seen, path)


def policy_of(seen: dict, path: str) -> list[str]:
    return seen["pages"][path]["headers"]["Content-Security-Policy"].split("; ")


@pytest.mark.parametrize("path", PERSONAL)
def test_nobody_keeps_what_is_personal(seen, path):
    assert "no-store" in seen["pages"][path]["headers"]["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in seen["pages"][path]["body"]


def test_only_the_first_page_is_for_search_engines(seen):
    assert "noindex" not in seen["pages"]["/"]["body"]
    assert "Disallow: /confirm/" in seen["pages"]["/robots.txt"]["body"]


def test_cookies_stay_with_this_host_and_out_of_scripts(seen):
    cookies = [cookie for page in seen["pages"].values() for cookie in page["cookies"]]
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-csrf", "__Host-claim", "__Host-known"}
    for cookie in cookies:
        parts = {part.strip().split("=")[0].lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite", "path"} <= parts and "domain" not in parts, cookie
        assert "Path=/;" in cookie + ";"
    assert seen["session"] == ["__Host-session", True, "/"]


def test_http_leads_to_https(seen):
    assert seen["http"] == [301, "https://arrivals.example/login/"]


def test_static_files_are_kept_for_good_under_the_name_of_their_content(seen):
    assert seen["style"]["path"].startswith("/static/arrivals.") and len(seen["style"]["path"].split(".")[1]) == 12
    assert "immutable" in seen["style"]["headers"]["Cache-Control"]
    assert seen["unhashed"]["headers"]["Cache-Control"] == "max-age=60, public"
    assert seen["favicon"] == 200


def test_static_files_say_what_they_are(seen):
    assert seen["style"]["headers"]["Content-Type"].startswith("text/css")
    assert seen["style"]["headers"]["X-Content-Type-Options"] == "nosniff"
