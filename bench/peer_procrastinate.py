"""Procrastinate doing our two trivial steps: two jobs an account, in asyncio tasks. Run by bench.peer."""

import asyncio
import os

from procrastinate import App, PsycopgConnector

CONCURRENCY = int(os.environ["PEER_CONCURRENCY"])

app = App(connector=PsycopgConnector(conninfo=os.environ["PEER_DATABASE"], max_size=CONCURRENCY + 2))


@app.task
async def first_step(account: int) -> int:
    return account


@app.task
async def second_step(account: int) -> int:
    return account


async def _fill(number: int) -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for step in (first_step, second_step):
            await step.batch_defer_async(*({"account": account} for account in range(number)))


def fill(number: int) -> None:
    asyncio.run(_fill(number))


def work() -> None:
    app.run_worker(concurrency=CONCURRENCY)
