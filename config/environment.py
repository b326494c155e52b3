"""The environment, read once; a wrong value is one sentence that names its variable."""

import os
import re
import warnings
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

env = environ.Env()

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

DATABASES_WE_SPEAK = ("postgres", "postgresql", "pgsql")
BROKERS_WE_SPEAK = ("redis", "rediss", "unix", "redis+socket")
# A database that is gone without a word is given up by the kernel after some six seconds, whether a question is
# under way (tcp_user_timeout) or an answer is awaited (keepalives). On a unix socket they mean nothing.
LINK = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 6000,
}
POOL = {"min_size": 1, "max_size": 16, "timeout": 4, "reconnect_timeout": 5}
FOR_DJANGO = ("assume_role", "isolation_level", "prepare_threshold", "server_side_binding")
WORKSPACES_WE_SPEAK = ("local", "postgres-schema", "https", "http")


def refuse(name: str, why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} {why}")


def text(name: str, default: str) -> str:
    """An empty variable counts as one that is not named."""
    return env.str(name, default="").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off", ""):
        return False
    raise refuse(name, f"must be 1 or 0, not {value!r}.")


def whole_number(name: str, default: int, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise refuse(name, f"must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def seconds_list(name: str, default: str) -> list[float]:
    """A comma-separated list of waits in seconds, each above zero."""
    value = text(name, default)
    try:
        waits = [float(part) for part in value.split(",")]
    except ValueError:
        waits = []
    if not waits or not all(0 < wait <= 7 * 86400 for wait in waits):
        raise refuse(name, f"must be seconds with commas between, like 2,5,15,60, not {value!r}.")
    return waits


def names_list(name: str, default: str) -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def address(name: str, default: str) -> str:
    """One mailbox: dana@example.com, or Arrivals <hello@example.com>."""
    value = text(name, default)
    if not re.fullmatch(r"[^@<>\r\n]+@[^@<>\s]+|[^<>\r\n]*<[^@<>\s]+@[^@<>\s]+>", value):
        raise refuse(name, f"must be an e-mail address, not {value!r}.")
    return value


def site(name: str, default: str) -> str:
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise refuse(name, f"must be http(s)://host with no path, not {value!r}.")
    return value


def database(name: str, default: str) -> dict:
    """The database as Django wants it. Only PostgreSQL: the races we guard against need its row locks."""
    value = text(name, default)
    if urlsplit(value).scheme not in DATABASES_WE_SPEAK:
        raise refuse(name, f"must start with postgres://, not {_scheme(value)!r}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config = env.db_url_config(value)
    except (ValueError, UserWarning, ImproperlyConfigured) as error:
        raise refuse(name, f"could not be read: {error}.") from error
    options = config.pop("OPTIONS", {})
    pool = _pool(name, options.pop("pool", 0))
    _check_options(name, options)
    kept = {"CONN_MAX_AGE": 0 if pool else 60, "CONN_HEALTH_CHECKS": True} | config
    _check_age(name, kept["CONN_MAX_AGE"], bool(pool))
    return kept | {"ENGINE": "accounts.postgres", "OPTIONS": LINK | options | pool}


def _pool(name: str, value: str | int) -> dict:
    """Options for Django's pool: pool=true, or how many connections a process may have at most."""
    word = str(value).lower()
    if word in ("0", "false", "no", "off"):
        return {}
    if word in ("1", "true", "yes", "on"):
        return {"pool": POOL}
    if not isinstance(value, int) or not 2 <= value <= 1000:
        raise refuse(name, f"must say pool=true, pool=false, or pool=2 to pool=1000 connections, not pool={value}.")
    return {"pool": POOL | {"max_size": value}}


def _check_options(name: str, options: dict) -> None:
    """libpq would find them out at the first visitor."""
    for option in LINK:
        if not isinstance(options.get(option, 0), int):
            raise refuse(name, f"must give {option} as a whole number, not {options[option]!r}.")
    try:
        make_conninfo("", **{key: item for key, item in options.items() if key not in FOR_DJANGO})
    except ProgrammingError as error:
        raise refuse(name, f"has an option that PostgreSQL does not know: {str(error).strip()}.") from error


def _check_age(name: str, age: object, pooled: bool) -> None:
    if age is not None and (not isinstance(age, int) or age < 0):
        raise refuse(name, f"must give conn_max_age in whole seconds, not {age!r}.")
    if pooled and age != 0:
        raise refuse(name, "says pool=true, and a pool keeps connections by itself: leave conn_max_age out.")


def broker(name: str, default: str) -> str:
    value = text(name, default)
    if urlsplit(value).scheme not in BROKERS_WE_SPEAK:
        raise refuse(name, f"must start with redis:// or unix://, not {_scheme(value)!r}.")
    _port(name, value)
    return "redis+socket" + value.removeprefix("unix") if value.startswith("unix:") else value


def mail(name: str, folder: Path) -> dict:
    """E-mail settings; letters land as files in `folder` where nothing is named."""
    value = text(name, "")
    if not value:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(folder),
        }
    _port(name, value)
    try:
        config = env.email_url_config(value)
    except (ImproperlyConfigured, KeyError) as error:
        raise refuse(name, "must start with smtp://, smtp+tls:// or smtp+ssl://.") from error
    if config.get("EMAIL_BACKEND") == "django.core.mail.backends.smtp.EmailBackend":
        config["EMAIL_BACKEND"] = "provisioning.smtp.EmailBackend"
    if value.startswith("filemail:"):
        config["EMAIL_FILE_PATH"] = unquote(urlsplit(value).path)
    return {key: item for key, item in config.items() if item is not None}


def workspaces(name: str, default: str) -> str:
    value = text(name, default)
    scheme = urlsplit(value).scheme
    if scheme not in WORKSPACES_WE_SPEAK:
        raise refuse(name, "must be local:, postgres-schema: or https://token@host/path.")
    if scheme in ("http", "https"):
        _port(name, value)
        if not urlsplit(value).hostname:
            raise refuse(name, "names no host: https://token@host/path.")
    return value


def _port(name: str, value: str) -> None:
    try:
        urlsplit(value).port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise refuse(name, f"has a port that is no port number: {error}.") from error


def _scheme(value: str) -> str:
    return value.split(":", 1)[0][:20]
