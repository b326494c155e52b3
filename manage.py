#!/usr/bin/env python
"""Run a management command, with private servers for its duration where none are named and none run yet."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config import logs
from launcher import programs
from launcher.private_servers import ServerFailed, running

WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "makemigrations",
    "startapp",
    "startplatform",
    "story",  # has a stage of its own
    "up",  # has its own
    "version",
}
ONLY_TELLS = {"-h", "--help", "--version"}


def main(arguments: list[str]) -> None:
    """Run a management command. Exits with a sentence for a wrong setting or a server that does not start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    logs.terminal_below()
    try:
        programs.begin_anew(arguments[1:])
        with servers_for(arguments[1:]):
            execute_from_command_line(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except (ImproperlyConfigured, ServerFailed) as problem:
        sys.exit(str(problem))


def servers_for(words: list[str]) -> AbstractContextManager[None]:
    """Return a context with private servers, or an empty one for commands that need none."""
    if not words or words[0] in WITHOUT_SERVERS or ONLY_TELLS & set(words) or programs.is_supervised():
        settings.INSTALLED_APPS  # noqa: B018 - a wrong setting speaks now, in one sentence
        return nullcontext()
    return running(settings.ARRIVALS_HOME, postgres=settings.PRIVATE_POSTGRES, valkey=settings.PRIVATE_VALKEY)


if __name__ == "__main__":
    main(sys.argv)
