"""Celery as the first page of its manual has it, doing our two trivial steps: one task a step, no database."""

import os
import time

from celery import Celery

# Its own database of the same Valkey.
ADDRESS = os.environ.get("REDIS_URL", "redis://").replace("virtual_host=0", "virtual_host=1")

app = Celery("plain", broker=ADDRESS, set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=bool(os.environ.get("CELERY_LATE")),
    worker_prefetch_multiplier=int(os.environ.get("CELERY_PREFETCH", "16")),
    broker_connection_retry_on_startup=True,
)


@app.task
def first_step(account: int, seconds: float = 0) -> int:
    return _serve(account, seconds)


@app.task
def second_step(account: int, seconds: float = 0) -> int:
    return _serve(account, seconds)


def _serve(account: int, seconds: float) -> int:
    if seconds:
        time.sleep(seconds)
    return account


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
