"""Environments as a host gives them: none of ours in it but what a test names."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
GOOD_KEY = "k8-Zr0q4LwX9sYt2VbN6mEu1PcJ7hGd3FoTi5RaWlQvMxBn0CyKz"
NOBODY = {  # nothing listens there, and nothing is asked before the settings are right
    "DATABASE_URL": "postgres://dana:secret@127.0.0.1:9/arrivals",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


def surroundings(home: Path, **named: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | NOBODY | {"ARRIVALS_HOME": str(home), "PYTHONPATH": str(PROJECT)} | named


def run(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, timeout=120)
