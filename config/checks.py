"""System checks across settings, and the one place where a wrong setting stops a start.

A single value is refused by env.py. What has to be imported is looked at by each room's checks.py.
"""

import logging
import re
import socket
from collections.abc import Iterator, Mapping

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from django.utils.module_loading import import_string

from config import hosts
from launcher.programs import is_supervised

logger = logging.getLogger(__name__)

SETTINGS = "settings"
PATH = re.compile(r"(accounts|config|launcher|product|provisioning|support)(\.\w+)+[.:]\w+")


def refuse_wrong_settings() -> None:
    """Run the system checks of settings at the start of any program.

    Raises ImproperlyConfigured with the first error as a sentence, without a traceback.
    """
    for message in found():
        if message.is_serious():
            raise ImproperlyConfigured(sentence(message))


def tell() -> None:
    """Log the warnings, for programs that Django does not tell them itself."""
    for message in found():
        logger.warning(sentence(message))


def found() -> list[CheckMessage]:
    """Return the messages of the settings' checks that are not silenced."""
    return [message for message in run_checks(tags=[SETTINGS]) if not message.is_silenced()]


def sentence(message: CheckMessage) -> str:
    """Format a check message as one sentence."""
    return f"{message.msg}: {message.hint}." if message.hint else f"{message.msg}."


@register(SETTINGS)
def environment(**_: object) -> list[CheckMessage]:
    """System check of SECRET_KEY, ALLOWED_HOSTS and HOST."""
    return [*_key(), *_hosts(), *_address()]


def refuse_a_key_of_its_own() -> None:
    """Raise ImproperlyConfigured if a web or worker that starts by itself has no SECRET_KEY named.

    There may be others on other hosts. `up` is all there is.
    """
    for message in _key():
        if not is_supervised():
            raise ImproperlyConfigured(sentence(message))


def _key() -> Iterator[CheckMessage]:
    if is_for_others() and not settings.DEBUG and not settings.SECRET_KEY_NAMED:
        yield Warning(
            "SECRET_KEY is not named, so this host has made one of its own, and a second host would log people out",
            hint="give all hosts the same 50 random characters as SECRET_KEY",
            id="config.W001",
        )


def is_for_others() -> bool:
    """Return True if anybody but this machine is to reach the site."""
    return not (hosts.is_loopback(settings.SITE_HOST) and hosts.is_loopback(settings.HOST))


def _hosts() -> Iterator[CheckMessage]:
    if not validate_host(
        settings.SITE_HOST if ":" not in settings.SITE_HOST else f"[{settings.SITE_HOST}]", settings.ALLOWED_HOSTS
    ):
        yield Warning(
            "ALLOWED_HOSTS does not name the host of SITE_URL, to which every email links",
            hint=f"add {settings.SITE_HOST} to it",
            id="config.W002",
        )


def _address() -> Iterator[CheckMessage]:
    try:
        host = settings.HOST.strip("[]")
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        yield Warning(
            f"HOST is {settings.HOST}, which is no address of this machine, so no page can be served from it",
            hint="name 127.0.0.1, 0.0.0.0 or one of its own",
            id="config.W003",
        )


@register("paths")
def dotted_paths(**_: object) -> list[CheckMessage]:
    """Dotted paths of ours in the settings, each imported: middleware, views, hashers, sweeps, the beat's scheduler.

    Most of them are read lazily, so without this a name that has moved is found by the first visitor. Importing the
    WSGI application is starting it, so that one is left to the server.
    """
    names = {name for name in dir(settings) if name.isupper()} - {"WSGI_APPLICATION"}
    named = [(name, path) for name in sorted(names) for path in _texts(getattr(settings, name))]
    return [
        Error(f"{name} names {path!r}, which is not there ({why})", id="config.E001")
        for name, path in named
        if PATH.fullmatch(path) and (why := _why_not(path))
    ]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for part in value.values() for text in _texts(part))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (text for part in value for text in _texts(part))


def _why_not(path: str) -> str:
    try:
        import_string(path.replace(":", "."))
    except ImportError as error:
        return str(error)
    return ""
