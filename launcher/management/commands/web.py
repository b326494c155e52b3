"""Management command that runs the web server."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.web import listen, serve
from config.wsgi import application


class Command(BaseCommand):
    """`manage.py web`: the site on HOST and PORT."""

    help = "Serves the site on HOST and PORT, as `manage.py up` does."

    def handle(self, *args: object, **options: object) -> None:
        host = settings.HOST
        try:
            door = listen(host, settings.PORT)
        except OSError as error:
            raise CommandError(f"PORT {settings.PORT} cannot be had on {host}: {error.strerror or error}.") from error
        serve(application, door)
