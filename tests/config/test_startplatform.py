"""A platform of one's own: made by a command, and its own test passes."""

import os
import re
import subprocess
import sys
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command


def start(*words: str) -> str:
    said = StringIO()
    call_command("startplatform", *words, stdout=said)
    return said.getvalue()


def python(folder, *words: str) -> subprocess.CompletedProcess[str]:
    """As somebody who knows nothing of us: only the servers are the tests', and a database of another name."""
    named = {"HOME": str(folder), "PATH": os.environ["PATH"], "REDIS_URL": os.environ["REDIS_URL"]}
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path="/overlay").geturl()
    env = named | {"DATABASE_URL": database, "ARRIVALS_HOME": str(folder / "home")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def test_its_own_test_passes(tmp_path):
    folder = tmp_path / "wayne"
    said = start("wayne_co", str(folder))
    assert "wayne_co/settings.py" in said
    for path in folder.rglob("*.*"):
        if path.is_file():
            assert not re.search("acme|@arrivals@", path.read_text(), re.IGNORECASE), path
    tested = python(folder, "-m", "pytest", "-q", "--nomigrations", "-p", "no:cacheprovider")
    assert "4 passed" in tested.stdout, tested.stdout[-3000:] + tested.stderr[-2000:]
    checked = python(folder, "manage.py", "diffsettings")
    assert "wayne_co.urls" in checked.stdout and "wayne_co.steps.reserve_name" in checked.stdout, checked.stderr


def test_an_arrivals_that_moved_is_one_sentence(tmp_path):
    start("wayne_co", str(tmp_path / "wayne"))
    (tmp_path / "wayne" / "manage.py").write_text(
        (tmp_path / "wayne" / "manage.py").read_text().replace(str(settings.BASE_DIR), "/nowhere")
    )
    found = python(tmp_path / "wayne", "manage.py", "check")
    assert found.returncode == 1 and "There is no Arrivals in /nowhere" in found.stderr


@pytest.mark.parametrize(
    "name, words",
    [
        ("accounts", "There is a package 'accounts' already"),
        ("os", "There is a package 'os' already"),
        ("class", "is no name for a package"),
        ("Acme", "is no name for a package"),
        ("a-b", "is no name for a package"),
        ("", "is no name for a package"),
    ],
)
def test_a_name_that_cannot_be(name, words, tmp_path):
    with pytest.raises(CommandError, match=words):
        start(name, str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_not_new(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(CommandError, match="not an empty folder"):
        start("wayne_co", str(tmp_path))
    with pytest.raises(CommandError, match="lies in Arrivals' own folder"):
        start("wayne_co", str(settings.BASE_DIR / "wayne_co"))
