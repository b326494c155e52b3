"""The Nu checker, fetched from npm into the user's cache the first time; it runs as a little server."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

PACKAGE = "vnu-jar@26.9.27"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "arrivals" / PACKAGE
JAR = CACHE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
UP_WITHIN = 60.0  # seconds


def fetch() -> None:
    if not (shutil.which("java") and (JAR.exists() or shutil.which("npm"))):
        pytest.skip("the Nu checker needs java, and npm to be fetched with")
    if JAR.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-save", "--prefix", str(CACHE), PACKAGE]
    if subprocess.run(command, capture_output=True, timeout=300).returncode:
        pytest.skip(f"npm could not fetch {PACKAGE}")


@contextmanager
def running() -> Iterator[str]:
    """The address of a checker; it ends with us."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["java", "-Xss2m", "-Dnu.validator.servlet.bind-address=127.0.0.1", "-cp", str(JAR)]
    server = subprocess.Popen(
        [*command, "nu.validator.servlet.Main", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/?out=json"
    finally:
        server.kill()
        server.wait()


def wait_for(port: int) -> None:
    end = time.monotonic() + UP_WITHIN
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError("the Nu checker did not start")


def complaints(checker: str, page: bytes) -> list[str]:
    request = Request(checker, page, {"Content-Type": "text/html; charset=utf-8"})
    try:
        with urlopen(request, timeout=60) as answer:
            messages = json.load(answer)["messages"]
    except URLError as error:
        raise AssertionError(f"the Nu checker did not answer: {error}") from error
    return [
        f"{each['message']}: {each.get('extract', '')}"
        for each in messages
        if each["type"] != "info" or each.get("subType") == "warning"
    ]
