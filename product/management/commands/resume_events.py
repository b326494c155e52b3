"""Tell the product of events again, after it asked us to stop or was not told of some."""

from django.core.management.base import BaseCommand

from product.events.delivery import resume
from product.events.occasions import PRODUCT
from provisioning.errands.source import retry_given_up


class Command(BaseCommand):
    """`manage.py resume_events`: what is owed is due now, and what was given up is owed again."""

    help = "Tell the product again, after it asked us to stop; events that were given up are owed again."

    def handle(self, *args, **options):
        again = retry_given_up(dependency=PRODUCT)
        self.stdout.write(f"{resume()} events are due now, {again} of them had been given up.")
