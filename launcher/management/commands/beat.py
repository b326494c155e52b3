"""Management command that runs Celery's beat."""

from django.core.management.base import BaseCommand

from config.celery import app
from launcher.programs import BEAT


class Command(BaseCommand):
    """`manage.py beat`, with the arguments of `launcher.programs`."""

    help = "Runs Celery's beat, as `manage.py up` does. Two of them do no harm."

    def handle(self, *args: object, **options: object) -> None:
        app.start(BEAT)
