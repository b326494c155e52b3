"""Command `sweep`: one whole sweep without Celery, for a cron job or by hand."""

from django.core.management.base import BaseCommand

from provisioning.sweep import sweep


class Command(BaseCommand):
    """One whole sweep in this process."""

    help = "Pay everything that is due, once, in this process: no Celery and no broker needed."

    def handle(self, *args, **options):
        sweep()
