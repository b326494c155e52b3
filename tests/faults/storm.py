"""A crowd of new accounts, engines that die and are started again, and what must hold when it is over."""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection
from django.db.models import Count

from accounts.models import Account, Event
from accounts.status import Status
from provisioning.models import Attempt, Outcome, State, Step, Workspace
from stage import MailServer, Process, Provisioner
from stage.processes import wait_until
from tests.faults.engine_points import POINTS

LEASE = "3"  # seconds
EVERYWHERE = ",".join(f"{point}=0.005" for point in POINTS)
SEEDS = ["ash", "birch", "cedar", "elm", "fir"]


@dataclass
class World:
    mail: MailServer
    workspaces: Provisioner
    folder: Path

    def environment(self, **env: str) -> dict[str, str]:
        return {
            "DATABASE_URL": test_database(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "EMAIL_URL": self.mail.url,
            "WORKSPACE_URL": self.workspaces.url,
            "SETUP_RETRY_SECONDS": "0.3",
            "SETUP_GIVE_UP_AFTER": "50",
            "SETUP_LEASE_SECONDS": LEASE,
            "SETUP_THREADS": "8",
            "DEATHS": str(self.folder / "deaths"),
            "FAULTS": "",
            "SEED": "0",
        } | env

    @property
    def deaths(self) -> Counter[str]:
        file = self.folder / "deaths"
        return Counter(file.read_text().split() if file.exists() else [])


def test_database() -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def sign_up_many(number: int, seed: str) -> list[Account]:
    people = [Account(email=f"dana{n}@{seed}.example", name="Dana Sommer", company="Acme") for n in range(number)]
    Account.objects.bulk_create(people)
    Account.objects.filter(status=Status.CREATED).update(asked_at="2026-01-01T00:00Z")
    return people


def unkind(seed: str, modes: list[str], share: float, length: int = 3000) -> list[str]:
    dice = random.Random(seed)
    return [dice.choice(modes) if dice.random() < share else "ok" for _ in range(length)] + ["ok"]


@contextmanager
def engines(world: World, number: int, **env: str) -> Iterator[Callable[[], None]]:
    """Yields what starts those again that have died."""
    command = [sys.executable, "-m", "tests.faults.engine"]
    with ExitStack() as stack:
        running = []
        for n in range(number):
            settings = world.environment(**env | {"SEED": f"{env.get('SEED', '')} {n}"})
            running.append(stack.enter_context(Process(command, world.folder / f"engine{n}.log", settings)))
        births = [0] * number

        def revive() -> None:
            for n, engine in enumerate(running):
                if engine.returncode is not None:
                    births[n] += 1
                    engine.env["SEED"] = f"{env.get('SEED', '')} {n} {births[n]}"
                    engine.start()

        yield revive


def wait_for_all(revive: Callable[[], None], timeout: float) -> None:
    """Raises TimeoutError."""

    def all_arrived() -> bool:
        revive()
        return not Account.objects.exclude(status=Status.ACTIVE).exists()

    wait_until(all_arrived, timeout, "everybody to be ACTIVE")


def wrongs(world: World) -> list[str]:
    """What is not as it must be, in words. Empty: nobody lost, nothing done twice, the books agree."""
    found = [f"{n} accounts not ACTIVE" for n in [Account.objects.exclude(status=Status.ACTIVE).count()] if n]
    found += _workspaces(world) + _letters(world) + _books()
    return found


def _workspaces(world: World) -> list[str]:
    expected = {str(pk): 1 for pk in Account.objects.values_list("pk", flat=True)}
    twice = {pk for pk, times in world.workspaces.effects.items() if times != 1}
    found = [f"{len(twice)} workspaces made more than once"] if twice else []
    if dict.fromkeys(world.workspaces.effects, 1) != expected:
        found.append("workspaces of the world and accounts differ")
    if Workspace.objects.count() != len(expected):
        found.append(f"{Workspace.objects.count()} workspace rows for {len(expected)} accounts")
    return found


def _letters(world: World) -> list[str]:
    """At least one each; and each more than that needs a claim of it that was lost in a crash."""
    sent = Counter(letter.recipients[0] for letter in world.mail.received)
    settled = dict(Attempt.objects.values_list("step").annotate(Count("pk")))
    found = []
    for step in Step.objects.filter(kind="welcome_email").select_related("account"):
        lost = step.epoch - 1 - settled.get(step.pk, 0)
        if not 1 <= sent[step.account.email] <= 1 + lost:
            found.append(f"{sent[step.account.email]} letters to {step.account.email}, {lost} claims lost")
    return found


def _books() -> list[str]:
    """Each step settled once, each diary with one arrival, and nothing left open."""
    found = []
    if Step.objects.exclude(state=State.DONE).exists():
        found.append("steps are left open")
    done = Attempt.objects.filter(outcome=Outcome.DONE).values("step").annotate(times=Count("pk"))
    if done.exclude(times=1).exists() or done.count() != Step.objects.count():
        found.append("a step was not settled exactly once")
    arrivals = Event.objects.filter(kind="status.active").values("account").annotate(times=Count("pk"))
    if arrivals.exclude(times=1).exists() or arrivals.count() != Account.objects.count():
        found.append("a diary does not have exactly one arrival")
    return found


def play(world: World, seed: str) -> None:
    """400 accounts, 2,000 in all seeds, with a world that is unkind as well."""
    world.workspaces.script(unkind(seed, ["reply_lost", "503", "drop", "garbage"], 0.03))
    world.mail.script(unkind(seed, ["4xx", "drop"], 0.03))
    sign_up_many(400, seed)
    with engines(world, 2, FAULTS=EVERYWHERE, SEED=seed) as revive:
        wait_for_all(revive, timeout=180)
    assert sum(world.deaths.values()) >= 5, "no storm: it proves nothing"
    assert wrongs(world) == []
