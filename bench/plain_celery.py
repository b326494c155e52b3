"""Plain Celery, as the first page of its manual has it, doing our two trivial steps: one task a step, no database."""

import os
import time
from pathlib import Path

from celery import Celery

# Its own database of the same Valkey.
ADDRESS = os.environ.get("REDIS_URL", "redis://").replace("virtual_host=0", "virtual_host=1")
DONE = os.environ.get("CELERY_DONE", "")  # a file that gets a line for each step done
ANSWER = float(os.environ.get("CELERY_ANSWER", "0"))

app = Celery("plain", broker=ADDRESS, set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=bool(os.environ.get("CELERY_LATE")),
    worker_prefetch_multiplier=int(os.environ.get("CELERY_PREFETCH", "16")),
    broker_connection_retry_on_startup=True,
)


@app.task
def first_step(account: int) -> int:
    return _serve("first", account)


@app.task
def second_step(account: int) -> int:
    return _serve("second", account)


def _serve(step: str, account: int) -> int:
    if DONE:
        time.sleep(ANSWER)
        with Path(DONE).open("a") as file:
            file.write(f"{step} {account}\n")
    return account


def undone(file: Path, accounts: int) -> int:
    """The accounts of which a step has not been done."""
    done = set(file.read_text().splitlines()) if file.exists() else set()
    return sum(not {f"first {account}", f"second {account}"} <= done for account in range(accounts))


def fill(accounts: int) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for account in range(accounts):
            for step in (first_step, second_step):
                step.apply_async([account], producer=producer)


def left() -> int:
    """Messages that wait, and those handed to the worker that it has not acknowledged."""
    with app.connection_for_read() as connection:
        valkey = connection.default_channel.client
        return valkey.llen("celery") + valkey.hlen("unacked")
