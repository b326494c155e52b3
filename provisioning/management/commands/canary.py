"""Command `canary`: nobody signs up every few minutes, to notice an outage before a person meets it."""

import signal
import sys
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from provisioning.canary.alarm import Canary


class Command(BaseCommand):
    """Rounds of the canary, a pause of CANARY_EVERY seconds before each, in a process of its own."""

    help = "Sign up, get ready, log in and delete everything, every CANARY_EVERY seconds, as nobody."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="one round; exits 1 if it noticed anything")

    def handle(self, *, once, **options):
        if not (once or settings.CANARY_EVERY):
            raise CommandError("CANARY_EVERY is not set: name the seconds between two rounds, or say --once.")
        canary = Canary()
        if once:
            self._once(canary)
            return
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that a round under way cleans up
        while True:
            time.sleep(settings.CANARY_EVERY)  # first, too: whoever starts with it has not yet begun
            canary.round()
            connections.close_all()

    def _once(self, canary: Canary) -> None:
        seen = canary.round()
        for about, words in seen.troubles.items():
            self.stdout.write(self.style.ERROR(f"{about}: {words}"))
        if seen.troubles:
            raise CommandError(f"The canary noticed: {', '.join(seen.troubles)}.")
        self.stdout.write(f"Ready after {seen.seconds:.1f} s; nothing of it is left.")
