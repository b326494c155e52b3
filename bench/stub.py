"""Set-up steps for measuring: two services that answer after BENCH_ANSWER seconds.

With BENCH_FOLDER they note each call in its file `calls`, and refuse while there is a file `down`.
"""

import os
import time
from pathlib import Path

from provisioning.exceptions import StepFailed

ANSWER = float(os.environ.get("BENCH_ANSWER", "0"))
FOLDER = os.environ.get("BENCH_FOLDER", "")


def first_service(account, key):
    return _serve("first_service", key)


def second_service(account, key):
    return _serve("second_service", key)


first_service.dependency, second_service.dependency = "mail", "workspace"


def _serve(name: str, key: str) -> str:
    down = FOLDER and Path(FOLDER, "down").exists()
    if FOLDER:
        with Path(FOLDER, "calls").open("a") as file:
            file.write(f"{time.time():.4f} {name} {'down' if down else 'ok'}\n")
    if down:
        raise StepFailed("the service could not be reached", failure="refused", outage=True)
    time.sleep(ANSWER)
    return key


def hanging(_account, _key):
    """A platform's own step that hangs for as long as a file is there."""
    while (Path(os.environ["ARRIVALS_HOME"]) / "hang").exists():
        time.sleep(0.2)
