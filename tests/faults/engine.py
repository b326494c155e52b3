"""A worker that dies at named points: the real engine, wrapped from outside.

    python -m tests.faults.engine

FAULTS is `point=chance` with commas between, SEED starts the dice, DEATHS is a file that gets a line a death,
BREAK takes one safeguard out, to see that the suite notices.
"""

import os
import random
import signal
import time
from pathlib import Path
from threading import Lock

import django

django.setup()

from provisioning import sweep  # noqa: E402
from provisioning.engine import claim, settle  # noqa: E402
from provisioning.intake import pickup  # noqa: E402
from tests.faults.engine_points import POINTS  # noqa: E402

CHANCES = dict.fromkeys(POINTS, 0.0) | {
    point: float(chance) for point, chance in (part.split("=") for part in os.environ["FAULTS"].split(",") if part)
}
DICE = random.Random(os.environ["SEED"])
ONE_DEATH = Lock()
DEATHS = Path(os.environ["DEATHS"])


def maybe_die(point: str) -> None:
    if DICE.random() < CHANCES[point]:
        with ONE_DEATH, DEATHS.open("a") as file:
            file.write(point + "\n")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # no other thread is to die a second time meanwhile


def dying(before: str = "", after: str = ""):
    def wrap(function):
        def wrapped(*args, **kwargs):
            if before:
                maybe_die(before)
            result = function(*args, **kwargs)
            if after:
                maybe_die(after)
            return result

        return wrapped

    return wrap


pickup.recompute = dying(before="picking_up")(pickup.recompute)
sweep.pick_up = dying(after="after_pick_up")(pickup.pick_up)
claim._claim = dying(after="after_claim")(claim._claim)
claim.perform = dying(before="before_effect", after="after_effect")(claim.perform)
settle.write_diary = dying(before="inside_settle")(settle.write_diary)
settle.settle = dying(after="after_settle")(settle.settle)


def forget_to_look_at_the_lease() -> None:
    claim.DUE = claim.DUE.replace("AND due_at <= now()", "")


def never_let_a_lease_lapse() -> None:
    claim.CLAIM = claim.CLAIM.replace("due_at = now() + %(lease)s", "due_at = now() + interval '1 day'")


def forget_the_lock_on_the_account() -> None:
    settle.lock_accounts = lambda ids: set(ids)


BREAKS = {
    "": lambda: None,
    "fence": forget_to_look_at_the_lease,
    "lease": never_let_a_lease_lapse,
    "lock": forget_the_lock_on_the_account,
}


def work_for_ever() -> None:
    while True:
        sweep.fetch_everywhere()
        sweep.drain(seconds=1)
        time.sleep(0.02)


if __name__ == "__main__":
    BREAKS[os.environ.get("BREAK", "")]()
    work_for_ever()
