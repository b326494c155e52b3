"""Structured logging: JSON lines for machines, readable ones at a terminal, and nothing personal in either.

All that is said through `logging` or structlog goes one way. What is bound by structlog.contextvars (the request,
the step) stands on each line; whatever nobody caught is one line with its traceback, in any thread.
"""

import logging
import os
import re
import sys
import threading
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from structlog.contextvars import merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor

from provisioning.engine.log_context import add_step

logger = logging.getLogger(__name__)

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("json", "lines")
OUR_ROOMS = ("config", "accounts", "provisioning", "support")

WORD = r"[^\s@<>()\[\]{}\"',;:=/|…]"
ADDRESS = re.compile(rf"(?<!{WORD})(?!celery@){WORD}{{1,200}}@{WORD}{{1,255}}")
IN_URL = re.compile(r"(?<=://)[^\s/@]{1,500}@")
# PostgreSQL repeats there what somebody typed.
REPEATED = re.compile(r"^[ \t]*(DETAIL|CONTEXT|LINE \d+):.*$", re.MULTILINE)
LONGEST = 20_000  # characters; of a traceback the end is worth more
LONGEST_WORD = 20  # a token is longer


def usual_format(debug: bool) -> str:
    """Return the default log format: lines in debugging or at a terminal, else JSON."""
    return "lines" if debug or sys.stderr.isatty() else "json"


def configuration(level: str, form: str) -> dict[str, Any]:
    """Return the dictionary for LOGGING.

    Loggers that others have configured lose their handlers: each line is written once.
    """
    others = level if level in ("DEBUG", "ERROR", "CRITICAL") else "WARNING"
    renderer = (
        JSONRenderer()
        if form == "json"
        else ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain_traceback)
    )
    drop = ProcessorFormatter.remove_processors_meta
    lines = {
        "()": ProcessorFormatter,
        "foreign_pre_chain": KNOWN,
        "processors": [format_exc_info, about_request, drop, without_persons, renderer],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": lines},
        "filters": {"faults": {"()": "config.logs.Faults"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": others},
        "loggers": {
            **{room: {"level": level} for room in OUR_ROOMS},
            "django": {"level": others},
            "django.request": {"level": "ERROR", "filters": ["faults"]},
            "django.security.csrf": {"level": "ERROR"},
            "django.server": {"level": others},
        },
    }


class Faults(logging.Filter):
    """Log filter that keeps only records with a traceback.

    Django tells each 404 and each 503 as well, with its path: our own line for the request has them.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


KNOWN: list[Processor] = [
    merge_contextvars,
    add_step,
    add_log_level,
    add_logger_name,
    TimeStamper(fmt="iso", utc=True),
]


def install() -> None:
    """Configure structlog and the exception hooks.

    What is uncaught becomes a line, and structlog's own loggers go the way of `logging`.
    """
    structlog.configure(
        processors=[*KNOWN, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("celery.utils.dispatch.signal").addFilter(_is_no_sentence)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _is_no_sentence(record: logging.LogRecord) -> bool:
    """Log filter against wrong settings that are told twice.

    Celery sets Django up in a signal: a wrong setting would be told there with a traceback, and then once more.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], ImproperlyConfigured))


def _uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Exception hook: a fault is logged with its traceback, a wrong setting ends any program with its sentence."""
    if issubclass(kind, ImproperlyConfigured):
        sys.stderr.write(f"{error}\n")
    elif issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logger.critical("the program ended by a fault", exc_info=(kind, error, trace))


def _uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None and not issubclass(what.exc_type, SystemExit):
        name = what.thread.name if what.thread else "?"
        logger.error(
            "the thread %s ended by a fault", name, exc_info=(what.exc_type, what.exc_value, what.exc_traceback)
        )


def about_request(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Log processor that replaces the path of a request by its route.

    What Django says of a request says its path, and a path may be a key to somebody's account.
    """
    request = getattr(line.get("_record"), "request", None)
    if not isinstance(request, HttpRequest):
        return line
    shown = path_of(request)
    for place in ("event", "exception"):
        if len(request.path) > 1 and place in line:
            line[place] = str(line[place]).replace(request.path, shown)
    line.update(method=request.method, path=shown, **account_of(request))
    return line


def path_of(request: HttpRequest) -> str:
    """Return the route, which has no token in it; of a path that leads nowhere the first word, if it is a word."""
    try:
        return f"/{(request.resolver_match or resolve(request.path_info)).route}"
    except Resolver404:
        first, _, rest = request.path_info[1:].partition("/")
        return f"/{first if re.fullmatch(rf'[a-z0-9._-]{{0,{LONGEST_WORD}}}', first) else '…'}{'/…' if rest else ''}"


def account_of(request: HttpRequest) -> dict[str, str]:
    """Return the account of a request for the log, if somebody has asked already.

    For a line in a log nobody asks the database.
    """
    user = getattr(request, "_cached_user", None)
    return {"account": str(user.pk)} if user and user.is_authenticated else {}


def without_persons(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Log processor that masks personal data."""
    return {name: masked(value) for name, value in line.items()}


def masked(value: Any) -> Any:
    """Mask addresses, passwords in URLs and what PostgreSQL repeats; in any value, however deep."""
    if isinstance(value, dict):
        return {name: masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    if isinstance(value, str):
        text = IN_URL.sub("…@", value[-LONGEST:])
        return ADDRESS.sub("[address]", REPEATED.sub(r"\1: …", text))
    return value


def terminal_below() -> None:
    """Choose readable log lines for child processes of a terminal.

    For programs that a person starts from a terminal and that speak to it through another one's pipe.
    """
    if sys.stderr.isatty():
        os.environ.setdefault("LOG_FORMAT", "lines")
