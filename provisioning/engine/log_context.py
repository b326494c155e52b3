"""Log context of the step that a thread is carrying out; no Django in here, the settings import it."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

UNDER_WAY: ContextVar[Any] = ContextVar("under_way", default=None)


@contextmanager
def under_way(step: Any) -> Iterator[None]:
    """Context manager: log lines of this thread name the step while it is carried out."""
    token = UNDER_WAY.set(step)
    try:
        yield
    finally:
        UNDER_WAY.reset(token)


def add_step(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: each line said while a step is carried out names it, and whose it is."""
    if step := UNDER_WAY.get():
        line.update({"step": step.pk, "kind": step.kind, "account": str(step.account_id)})
    return line
