"""Benchmark of idle connections: time of a log-in page while so many hang in the middle of a head or of a body.

    python -m bench.sockets

The web as `manage.py up` starts it.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

from bench.ground import ground, program
from bench.tables import table, verdict
from stage import Process
from stage.processes import wait_until
from stage.stage import free_port
from tests.web.raw import HALVES, ask, connect, request

NUMBERS = (1, 40, 200, 2000)
MANY = 200  # up to here it is promised; 2,000 half bodies are a gigabyte on its way
LOOKS = 5
WANTED = 1.0  # seconds
PAGE = request("GET /login/")


def serve(port: int) -> Process:
    return program("web", PORT=str(port), HOST="127.0.0.1")


def answers(port: int) -> bool:
    with suppress(OSError):
        return ask(port, PAGE).status == 200
    return False


def look(port: int) -> float:
    asked = time.monotonic()
    ask(port, PAGE)
    return time.monotonic() - asked


def slowest_look(port: int, half: str, number: int) -> float:
    wires = [connect(port) for _ in range(number)]
    try:
        for wire in wires:
            wire.sendall(HALVES[half])
        return max(look(port) for _ in range(LOOKS))
    except TimeoutError:
        return float("inf")
    finally:
        for wire in wires:
            wire.close()


def resident(process: Process) -> float:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024


def measure() -> tuple[dict[tuple[str, int], float], float, float]:
    port = free_port()
    with ground(), serve(port) as process:
        wait_until(lambda: answers(port), 60, "the page")
        for _ in range(40):
            look(port)
        before = resident(process)
        seen = {(half, number): slowest_look(port, half, number) for half in HALVES for number in NUMBERS}
        return seen, before, resident(process)


def main() -> int:
    seen, before, after = measure()
    rows = [(half, *(f"{1000 * seen[half, number]:.0f}" for number in NUMBERS)) for half in HALVES]
    table(f"The slowest of {LOOKS} looks at the log-in page, ms", ("sockets", *map(str, NUMBERS)), rows)
    print(f"\nThe process: {before:.0f} MiB before, {after:.0f} MiB after.")
    slowest = max(seconds for (_, number), seconds in seen.items() if number <= MANY)
    print(f"A page within {WANTED:.0f} s with up to {MANY} of each: {verdict(slowest < WANTED)}")
    return 0 if slowest < WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
