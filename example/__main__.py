"""`python -m example`: the example product, and Arrivals before it, until Ctrl-C; `--alone` leaves Arrivals out."""

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from waitress import serve

PROJECT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Make the secrets that both share, start Arrivals, and serve the product."""
    home = Path(os.environ.get("ARRIVALS_HOME", PROJECT / ".arrivals"))
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("EXAMPLE_DATABASE", str(home / "example.sqlite3"))
    os.environ.setdefault("EXAMPLE_SECRET", secrets.token_urlsafe(32))
    os.environ.setdefault("EVENTS_SECRET", "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    os.environ["DJANGO_SETTINGS_MODULE"] = "example.settings"
    port = os.environ.get("EXAMPLE_PORT", "9000")
    before = None if "--alone" in sys.argv else arrivals(f"127.0.0.1:{port}")
    try:
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0)
        if before:
            wait_for(f"{os.environ['ARRIVALS_URL']}/healthz", before)
        print(f"The example product is at http://127.0.0.1:{port}", flush=True)
        serve(get_wsgi_application(), host="127.0.0.1", port=int(port))
    finally:
        if before:
            before.send_signal(signal.SIGTERM)
            before.wait()


def arrivals(product: str) -> subprocess.Popen:
    """Start `manage.py up`, with the product named to it."""
    secret = os.environ["EXAMPLE_SECRET"]
    named = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "OIDC_CLIENTS": f"http://example:{secret}@{product}/callback/",
        "HOME_URL": f"http://{product}/login/",
        "EVENTS_URL": f"http://{product}/events/",
    }
    os.environ.setdefault("ARRIVALS_URL", f"http://localhost:{os.environ.get('PORT', '8000')}")
    return subprocess.Popen([sys.executable, "manage.py", "up"], cwd=PROJECT, env={**os.environ, **named})


def wait_for(url: str, program: subprocess.Popen) -> None:
    """Wait until Arrivals answers, or has ended."""
    while program.poll() is None:
        try:
            urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(program.returncode)


def stop(*_) -> None:
    """Signal handler: SIGTERM ends it as Ctrl-C does."""
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    main()
