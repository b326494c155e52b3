"""Command `backfill_step`: owes a new set-up step to those who are active already."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from provisioning.intake.backfill import backfill
from provisioning.kinds import KINDS, LONGEST_KIND, shortened


class Command(BaseCommand):
    """Backfill of one of the platform's own steps of SETUP_STEPS."""

    help = "Owe a step of SETUP_STEPS to everybody who is active and never got it. It may be stopped and begun again."

    def add_arguments(self, parser):
        parser.add_argument("path", help="as in SETUP_STEPS: shop.billing.stripe_customer")

    def handle(self, path, **options):
        if path not in settings.SETUP_STEPS or path in KINDS:
            raise CommandError(f"SETUP_STEPS does not name {path!r} as a step of your own. Add it there first.")
        number = backfill(shortened(path, LONGEST_KIND))
        self.stdout.write(f"{path} is owed to {number} more people who are active. The sweep pays it.")
