"""Management command that runs the Celery worker."""

from django.core.management.base import BaseCommand

from config.celery import app
from launcher.programs import WORKER


class Command(BaseCommand):
    """`manage.py worker`, with the arguments of `launcher.programs`."""

    help = "Runs the Celery worker, as `manage.py up` does. Ten of them do no harm."

    def handle(self, *args: object, **options: object) -> None:
        app.start(WORKER)
