"""Command `doctor`: runs the health checks of every dependency and prints them in words."""

from django.core.management.base import BaseCommand, CommandError

from accounts.database.errors import DATABASE_ERRORS
from provisioning.doctor import EXAMINATIONS, Beware, Unwell


class Command(BaseCommand):
    """Health checks in words; exits 1 if one fails."""

    help = "Ask everything that Arrivals depends on, and say in words what works. Exits 1 if something does not."
    requires_system_checks = ("settings",)

    def handle(self, *args, **options):
        unwell = [name for name in EXAMINATIONS if not self._examine(name)]
        if unwell:
            raise CommandError(f"Not well: {', '.join(unwell)}.")
        self.stdout.write("All is well.")

    def _examine(self, name) -> bool:
        try:
            self.stdout.write(f"{name:12} ok    {EXAMINATIONS[name]()}")
        except Beware as warning:
            self.stdout.write(self.style.WARNING(f"{name:12} ok?   {warning}"))
        except (Unwell, *DATABASE_ERRORS) as trouble:
            self.stdout.write(self.style.ERROR(f"{name:12} NOT   {trouble}"))
            return False
        return True
