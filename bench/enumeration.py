"""Benchmark of account enumeration: does the time of one answer tell a stranger that an address has an account.

`pytest bench/enumeration.py` on throw-away servers; PAIRS=200. Prints AUC for each door with mail up and down:
0.5 is a coin, 1.0 is certainty, 0.4 to 0.6 is what we promise. The requests go through Django's test client, so
no network's noise hides a difference; one with a free address and one with a taken one, in random order.
"""

import os
import random
import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.test import Client

from provisioning.kinds import setup_kinds
from provisioning.models import Dependency, Heartbeat
from tests.people import Person

PAIRS = int(os.environ.get("PAIRS", "200"))
WARM = 5
WRONG = "another and wrong passphrase"
DOORS: dict[str, tuple[str, dict[str, str]]] = {
    "sign-up": (
        "/signup/",
        {"name": "Dana Sommer", "phone": "+49 30 901820", "company": "Acme", "password": WRONG},
    ),
    "login": ("/login/", {"password": WRONG}),
    "reset": ("/password/reset/", {}),
    "resend": ("/resend/", {}),
    "contact": ("/contact/", {"message": "I am stuck."}),
    "receipt": ("/signup/", {"name": "Dana Sommer", "phone": "+49 30 901820", "company": "Acme", "password": WRONG}),
}
THEN = {"receipt": "/arriving/"}  # its time is that of the page after the door
STEPS = {"default steps": "", "steps of a platform's own": "bench.stub.first_service"}


def a_setup_of_its_own(settings, path: str) -> None:
    settings.SETUP_STEPS = [path] if path else settings.SETUP_STEPS
    setup_kinds.cache_clear()


def measure(door: str, pairs: int) -> float:
    """The AUC of the times of one door."""
    free, taken = free_addresses(), taken_addresses(pairs + WARM)
    for _ in range(WARM):
        knock(door, next(free)), knock(door, next(taken))
    times: dict[str, list[float]] = {"free": [], "taken": []}
    for _ in range(pairs):
        a_sweep_went_by()
        arms = [("free", next(free)), ("taken", next(taken))]
        random.shuffle(arms)
        for arm, address in arms:
            times[arm].append(knock(door, address))
    return auc(times["free"], times["taken"])


def knock(door: str, address: str) -> float:
    """Seconds to an answer, for a browser that was never here."""
    path, fields = DOORS[door]
    client = Client()
    if door in THEN:
        client.post(path, fields | {"email": address})
    started = time.perf_counter()
    answer = client.get(THEN[door]) if door in THEN else client.post(path, fields | {"email": address})
    seconds = time.perf_counter() - started
    assert answer.status_code in (200, 302), (door, answer.status_code)
    return seconds


def auc(lower: list[float], higher: list[float]) -> float:
    """How often a time of the second list is above one of the first; ties count half."""
    wins = sum((b > a) + (b == a) / 2 for a in lower for b in higher)
    return wins / (len(lower) * len(higher))


def free_addresses() -> Iterator[str]:
    while True:
        yield f"{random.getrandbits(48):012x}@free.example"


def taken_addresses(count: int) -> Iterator[str]:
    addresses = [f"{random.getrandbits(48):012x}@free.example" for _ in range(count)]
    for address in addresses:
        Person.create(email=address, asked_at=None)
    return iter(addresses)


def a_sweep_went_by() -> None:
    """Without one a page would begin to do the worker's work beside itself, and slow down whoever comes next."""
    Heartbeat.objects.update_or_create(name="sweep", defaults={"at": Now()})


def mail_is(state: str) -> None:
    a_sweep_went_by()
    Dependency.objects.update_or_create(name="mail", defaults={"broken": state == "down", "probe_at": Now()})
    cache.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("steps", STEPS)
def test_print_the_table(settings, capsys, steps, request):
    settings.THROTTLES = False
    request.addfinalizer(setup_kinds.cache_clear)
    a_setup_of_its_own(settings, STEPS[steps])
    found: dict[str, list[float]] = {name: [] for name in DOORS}
    for state in ("up", "down"):
        mail_is(state)
        for name in DOORS:
            found[name].append(measure(name, PAIRS))
    with capsys.disabled():
        print(f"\n{PAIRS} pairs    mail up  mail down   ({steps})")
        for name, (up, down) in found.items():
            print(f"{name:10} {up:9.2f} {down:10.2f}")
