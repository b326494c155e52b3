"""What can happen to hosts, services and cables: each fault begins, lasts, and is over; dice say whom."""

import os
import random
import signal
import time
from collections.abc import Callable

from tests.hosts.lab import Lab

WEBS, WORKERS, BEATS = ("web1", "web2"), ("worker1", "worker2", "worker3"), ("beat1", "beat2")
HTTP_500 = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\nboom"


class Dice(random.Random):
    stretch = 1.0  # how much longer than usual everything lasts


def worker_in_the_dark(lab: Lab, dice: Dice) -> None:
    """It reaches all but the database, and nothing tells it so."""
    with lab.network.dark(lab.hosts[dice.choice(WORKERS)], lab.hosts["database"]):
        last(dice, 6, 12)


def web_in_the_dark(lab: Lab, dice: Dice) -> None:
    with lab.network.dark(lab.hosts[dice.choice(WEBS)], lab.hosts["database"]):
        last(dice, 6, 12)


def worker_unplugged(lab: Lab, dice: Dice) -> None:
    with lab.network.unplugged(lab.hosts[dice.choice(WORKERS)]):
        last(dice, 6, 12)


def worker_killed(lab: Lab, dice: Dice) -> None:
    killed(lab, dice, WORKERS)


def web_killed(lab: Lab, dice: Dice) -> None:
    killed(lab, dice, WEBS)


def beat_killed(lab: Lab, dice: Dice) -> None:
    killed(lab, dice, BEATS)


def killed(lab: Lab, dice: Dice, whom: tuple[str, ...]) -> None:
    name = dice.choice(whom)
    lab.kill(name)
    last(dice, 1, 4)
    lab.start(name)


def database_read_only(lab: Lab, dice: Dice) -> None:
    """For everybody, and whoever is connected is thrown out, as in a failover."""
    turn_database(lab, "SET default_transaction_read_only = on")
    last(dice, 10, 10)
    turn_database(lab, "RESET default_transaction_read_only")


def turn_database(lab: Lab, change: str) -> None:
    with lab.connect() as line:
        line.execute("SET default_transaction_read_only = off")
        line.execute(f"ALTER DATABASE arrivals {change}")
        line.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'arrivals' AND pid <> pg_backend_pid()"
        )


def broker_flushed(lab: Lab, dice: Dice) -> None:
    for _ in range(3):
        with lab.redis() as broker:
            broker.flushall()
        last(dice, 0.2, 1)


def broker_frozen(lab: Lab, dice: Dice) -> None:
    """It accepts and never answers."""
    assert lab.broker.child
    os.kill(lab.broker.child.pid, signal.SIGSTOP)
    last(dice, 4, 9)
    os.kill(lab.broker.child.pid, signal.SIGCONT)


def mail_down(lab: Lab, dice: Dice) -> None:
    lab.mail.mode = "refused"
    last(dice, 5, 10)
    lab.mail.mode = "ok"


def mail_drips(lab: Lab, dice: Dice) -> None:
    lab.mail.mode = "slow"
    last(dice, 5, 10)
    lab.mail.mode = "ok"


def workspaces_answer_500(lab: Lab, dice: Dice) -> None:
    lab.workspaces.raw, lab.workspaces.mode = HTTP_500, "raw"
    last(dice, 5, 10)
    lab.workspaces.mode = "ok"


def workers_restarted(lab: Lab, dice: Dice) -> None:
    """One after another, as a deploy does; with an older checkout all hosts, which then run ours."""
    for name in (*WEBS, *WORKERS, *BEATS) if lab.old else WORKERS:
        lab.upgrade(name)
        last(dice, 1, 2)


FAULTS: tuple[Callable[[Lab, Dice], None], ...] = (
    worker_in_the_dark,
    worker_unplugged,
    worker_killed,
    database_read_only,
    mail_down,
    beat_killed,
    broker_flushed,
    workspaces_answer_500,
    web_killed,
    broker_frozen,
    mail_drips,
    workers_restarted,
    web_in_the_dark,
)
EACH = 13.0  # seconds that a fault takes, with what is quiet before it


def last(dice: Dice, least: float, most: float) -> None:
    time.sleep(dice.stretch * dice.uniform(least, most))


def named(names: str) -> list[Callable[[Lab, Dice], None]]:
    """These faults, in this order. Raises KeyError for one that there is not."""
    known = {fault.__name__: fault for fault in FAULTS}
    return [known[name.strip()] for name in names.split(",")]


def drawn(seed: str, seconds: float, every: bool, upgrade: bool) -> list[Callable[[Lab, Dice], None]]:
    """In an order that the seed decides; as many as the time allows, and an upgrade wherever there is one to do."""
    dice = random.Random(f"which {seed}")
    shuffled = dice.sample(FAULTS, len(FAULTS))
    chosen = shuffled if every else shuffled[: max(1, round(seconds / EACH))]
    if upgrade and workers_restarted not in chosen:
        chosen[-1] = workers_restarted
    return chosen


def play(lab: Lab, seed: str, faults: list[Callable[[Lab, Dice], None]], stretch: float = 1.0) -> None:
    dice = Dice(f"whom {seed}")
    dice.stretch = stretch
    for fault in faults:
        last(dice, 1, 4)
        fault(lab, dice)
    last(dice, 1, 2)
