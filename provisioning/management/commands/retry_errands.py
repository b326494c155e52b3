"""Command `retry_errands`: calls to the product and the workspace service that were given up are owed again."""

from django.core.management.base import BaseCommand

from provisioning.errands.source import retry_given_up


class Command(BaseCommand):
    """`manage.py retry_errands`: fresh tries for each errand that was given up."""

    help = "Owe again each call to the product and the workspace service that was given up."

    def handle(self, *args, **options):
        self.stdout.write(f"{retry_given_up()} are owed again.")
