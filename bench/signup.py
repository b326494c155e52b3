"""Benchmark of sixteen sign-ups at once: how many a second, and what an unrelated page feels, beside django-allauth.

`python -m bench.signup` in turns on waitress with 32 threads (ours) and gunicorn with two workers of eight threads
(allauth), the same argon2 settings (Django's own) and the same PostgreSQL. Ours as `manage.py up` starts it.
"""

import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from threading import Event

import urllib3

from bench.ground import HOME, ask, ground, program
from bench.rates import peers_python
from bench.tables import table, verdict
from launcher.servers import sockets_of
from stage import Process
from stage.processes import wait_until
from stage.stage import free_port

AT_ONCE = 16
SECONDS = 20.0
ROUNDS = 3
LOOK_EVERY = 0.1  # seconds between two looks at the unrelated page
LOOKS_AT_ONCE = 64
numbers = count()


@dataclass
class Seen:
    rate: float  # sign-ups a second
    p95: float  # of the unrelated page, in ms
    looks: int
    refused: int


@dataclass(frozen=True)
class Contestant:
    signup: str
    page: str
    fields: Callable[[int], dict[str, str]]
    serve: Callable[[int], Process]


def fields_of_ours(number: int) -> dict[str, str]:
    return {
        "name": "Dana Sommer",
        "email": f"dana{number}@bench.example",
        "phone": "+49 30 901820",
        "company": "Acme",
        "password": "correct horse battery staple",
    }


def fields_of_allauth(number: int) -> dict[str, str]:
    return {"email": f"dana{number}@bench.example", "password1": "correct horse battery staple"}


def serve_ours(port: int) -> Process:
    return program("web", PORT=str(port), HOST="127.0.0.1", DEBUG="1", THROTTLES="off")


def serve_allauth(port: int) -> Process:
    command = f"-m gunicorn bench.peer_allauth:application -k gthread -w 2 --threads 8 --bind 127.0.0.1:{port}"
    return Process([peers_python(), *command.split()], HOME / "allauth.log", place_of_allauth())


def place_of_allauth() -> dict[str, str]:
    return {"BENCH_DATABASE": "allauth", "BENCH_USER": "postgres", "BENCH_HOST": str(sockets_of(HOME))}


CONTESTANTS = {
    "ours": Contestant("/signup/", "/login/", fields_of_ours, serve_ours),
    "django-allauth": Contestant("/accounts/signup/", "/accounts/login/", fields_of_allauth, serve_allauth),
}


@contextmanager
def serving(who: Contestant):
    port = free_port()
    with who.serve(port):
        site = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(site + who.page), 60, who.page)
        yield site


def browser() -> urllib3.PoolManager:
    """Somebody new, with a connection of their own."""
    return urllib3.PoolManager(retries=False, timeout=60)


def answers(url: str) -> bool:
    try:
        with browser() as pool:
            return pool.request("GET", url).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def measure(who: Contestant) -> Seen:
    with serving(who) as site, ThreadPoolExecutor(LOOKS_AT_ONCE) as others:
        for _ in range(4):
            sign_up(site, who)
        over = Event()
        looks = others.submit(look, site + who.page, others, over)
        done, failed, seconds = crowd(site, who)
        over.set()
        times = [each.result() for each in looks.result()]
    return Seen(done / seconds, quantiles(times, n=20)[-1] * 1000, len(times), failed)


def crowd(site: str, who: Contestant) -> tuple[int, int, float]:
    started = time.monotonic()

    def one_after_another(_: int) -> list[bool]:
        results = []
        while time.monotonic() - started < SECONDS:
            results.append(sign_up(site, who))
        return results

    with ThreadPoolExecutor(AT_ONCE) as people:
        results = [result for each in people.map(one_after_another, range(AT_ONCE)) for result in each]
    return sum(results), len(results) - sum(results), time.monotonic() - started


def sign_up(site: str, who: Contestant) -> bool:
    """Gets the form, sends it, and is led on."""
    with browser() as pool:
        form = pool.request("GET", site + who.signup)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.data.decode())
        cookies = "; ".join(each.split(";")[0] for each in form.headers.getlist("Set-Cookie"))
        fields = who.fields(next(numbers)) | {"csrfmiddlewaretoken": found.group(1) if found else ""}
        headers = {"Cookie": cookies, "Referer": site + who.signup}
        answer = pool.request_encode_body(
            "POST", site + who.signup, fields=fields, encode_multipart=False, headers=headers, redirect=False
        )
    return answer.status == 302


def look(url: str, others: ThreadPoolExecutor, over: Event) -> list[Future[float]]:
    """As many looks a second at either, whether or not the last is answered."""
    looks = []
    while not over.wait(LOOK_EVERY):
        looks.append(others.submit(seconds_of, url, time.monotonic()))
    return looks


def seconds_of(url: str, asked: float) -> float:
    with browser() as pool:
        pool.request("GET", url)
    return time.monotonic() - asked


def make_room_for_allauth() -> None:
    ask("CREATE DATABASE allauth")
    with Process(
        [peers_python(), "-m", "bench.peer_allauth", "migrate"], HOME / "migrate.log", place_of_allauth()
    ) as it:
        if it.wait(120):
            raise ChildProcessError(it.output)


def main() -> int:
    seen: dict[str, list[Seen]] = {name: [] for name in CONTESTANTS}
    with ground():
        make_room_for_allauth()
        for _ in range(ROUNDS):
            for name, who in CONTESTANTS.items():
                seen[name].append(measure(who))
                print(name, seen[name][-1], file=sys.stderr)
    return 0 if report(seen) else 1


def report(seen: dict[str, list[Seen]]) -> bool:
    rate = {name: median(each.rate for each in rounds) for name, rounds in seen.items()}
    p95 = {name: median(each.p95 for each in rounds) for name, rounds in seen.items()}
    refused = {name: sum(each.refused for each in rounds) for name, rounds in seen.items()}
    rows = [(name, f"{rate[name]:.1f}", f"{p95[name]:.0f} ms", refused[name]) for name in seen]
    table(f"{AT_ONCE} sign-ups at once", ("", "sign-ups/s", "an unrelated page, p95", "refused"), rows)
    faster, part = rate["ours"] / rate["django-allauth"], p95["ours"] / p95["django-allauth"]
    print(f"\n{faster:.2f} times its rate, at least 1.5: {verdict(faster >= 1.5)}")
    print(f"{part:.3f} of its p95, at most 0.1: {verdict(part <= 0.1)}")
    return faster >= 1.5 and part <= 0.1


if __name__ == "__main__":
    sys.exit(main())
