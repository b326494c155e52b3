"""DBOS doing our two trivial steps: one workflow of two steps an account, from a queue. Run by bench.peer."""

import os
import threading

from dbos import DBOS, DBOSClient

CONCURRENCY = int(os.environ["PEER_CONCURRENCY"])
ADDRESS = os.environ["PEER_DATABASE"]


@DBOS.step()
def first_step(account: int) -> int:
    return account


@DBOS.step()
def second_step(account: int) -> int:
    return account


@DBOS.workflow(name="set_up")
def set_up(account: int) -> None:
    first_step(account)
    second_step(account)


def _launch(version: str) -> None:
    DBOS(
        config={
            "name": "bench",
            "system_database_url": ADDRESS,
            "sys_db_pool_size": CONCURRENCY + 4,
            "application_version": version,
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    DBOS.register_queue("setup", worker_concurrency=CONCURRENCY, polling_interval_sec=0.02)


def fill(number: int) -> None:
    """Makes the tables, then enqueues for a version that only the worker has."""
    _launch("nobody's")
    client = DBOSClient(system_database_url=ADDRESS)
    for account in range(number):
        client.enqueue({"queue_name": "setup", "workflow_name": "set_up", "app_version": "worker"}, account)
    DBOS.destroy()


def work() -> None:
    _launch("worker")
    threading.Event().wait()
