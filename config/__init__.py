"""Project configuration: settings, URLs, Celery, the web server, logging and system checks."""

from config import logs
from config.celery import app as celery_app

logs.install()  # from here on, what nobody catches is told

__all__ = ["celery_app"]
