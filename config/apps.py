"""App configuration of the project itself: system checks at start, logging and Sentry."""

from celery.signals import setup_logging
from django.apps import AppConfig
from django.conf import settings

from config import sentry
from config.checks import refuse_wrong_settings


class GateConfig(AppConfig):
    """The last app to be ready: it refuses wrong settings and starts Sentry."""

    name = "config"

    def ready(self):
        setup_logging.connect(leave_logging_alone)
        refuse_wrong_settings()  # by the checks of all rooms: those are ready by now
        sentry.start(settings.SENTRY_DSN)


def leave_logging_alone(**_):
    """Signal receiver that keeps Celery's own log handlers off.

    Where somebody listens, Celery lays no handlers of its own over those of LOGGING.
    """
