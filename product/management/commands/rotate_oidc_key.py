"""Management command that rotates the key which signs ID tokens."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from product.oidc import keys


class Command(BaseCommand):
    """Make a new signing key; the old one stays published until its tokens have ended."""

    help = "Make a new key for ID tokens. Products fetch it by themselves; nobody is logged out."

    def add_arguments(self, parser):
        parser.add_argument("--at-once", action="store_true", help="the old key was stolen: it is void from now on")

    def handle(self, *args, at_once=False, **options):
        key = keys.rotate(at_once)
        when = "now" if at_once else f"{timezone.localtime(key.signs_from):%H:%M %Z}, once every product knows it"
        self.stdout.write(f"Key {key.kid} signs from {when}.")
