"""Command `audit`: looks whether everybody and everything is accounted for, and names the rows that are not."""

from django.core.management.base import BaseCommand, CommandError

from provisioning.models import Audit
from support.audit.audit import ROOMS, SHOWN, audit
from support.audit.books import BOOKS
from support.audit.names import named

IN_ORDER = [*(book.name for book in BOOKS), ROOMS]


class Command(BaseCommand):
    """Audit of accounts, steps, emails, promises, tickets, messages and workspaces; exits 1 if a row is wrong."""

    help = (
        "Look at every account, step, email, promise, ticket, message and workspace, and say how many there are of "
        "each sort, and which of them nobody accounts for. It changes nothing. Exits 1 if there are any."
    )

    def handle(self, *args, **options):
        result = audit()
        self._count(result)
        for line in named(result.rows):
            self.stdout.write(self.style.ERROR(line))
        if result.unasked:
            self.stdout.write(self.style.WARNING(f"The workspaces were not compared: {result.unasked}."))
        self.stdout.write(f"unaccounted: {result.unaccounted}")
        if result.unaccounted:
            raise CommandError(
                f"Nobody accounts for {result.unaccounted}; up to {SHOWN} of each sort are named above."
            )

    def _count(self, result: Audit) -> None:
        wrong = {(book, said) for book, said, _key in result.rows}
        for book in IN_ORDER:
            counts = result.counts.get(book, {})
            if counts:
                self.stdout.write(book)
            for said, number in sorted(counts.items(), key=lambda one: -one[1]):
                line = f"{number:>12,}  {said}"
                self.stdout.write(self.style.ERROR(f"{line}  ←") if (book, said) in wrong else line)
