"""Results as tables that bench/README.md takes as they are."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [header, ["---"] * len(header), *rows]
    print(f"\n**{title}** ({where()})\n")
    print("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines), flush=True)


def where() -> str:
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores, load {load:.1f}, Python {platform.python_version()}"
    )


def verdict(holds: bool) -> str:
    return "holds" if holds else "**does not hold**"
