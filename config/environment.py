"""The environment, read once; a wrong value is one sentence that names its variable."""

import os
import re
import warnings
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

DATABASES_WE_SPEAK = ("postgres", "postgresql", "pgsql")
BROKERS_WE_SPEAK = ("redis", "rediss", "unix", "redis+socket")
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
    config.setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
    return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


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
