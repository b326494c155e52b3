"""Command `import_people`: brings people along from another system, with the passwords they have."""

import csv
from collections import Counter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from provisioning.imports.lines import NotAList
from provisioning.imports.people import OWED, READY, REFUSED, THERE, import_people

WORDS = {
    READY: "ready as they were, and not written to",
    OWED: "half-made, and owed the rest",
    THERE: "here already, and left as they are",
    REFUSED: "refused, and nothing of them written",
}


class Command(BaseCommand):
    """Import of a CSV file or of JSON lines, with a report row for each line; exits 1 if one was refused."""

    help = (
        "Make accounts of the people in FILE (CSV with a first line of columns, or JSON lines). Says what became of "
        "each line. Whoever is here already is left alone, so it may be stopped and run again."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="see docs/import.md")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would become of each line, write nothing"
        )

    def handle(self, *, file, dry_run, **options):
        report = csv.writer(self.stdout, lineterminator="\n")
        report.writerow(["line", "email", "outcome", "why"])
        numbers: Counter[str] = Counter()
        try:
            for row in import_people(file, dry_run):
                report.writerow([row.line, row.email, row.outcome, row.why])
                numbers[row.outcome] += 1
        except NotAList as error:
            raise CommandError(str(error)) from error
        would = " (nothing was written)" if dry_run else ""
        for outcome, words in WORDS.items():
            self.stderr.write(f"{numbers[outcome]:>8,} {words}{would}")
        if numbers[REFUSED]:
            raise CommandError(
                f"{numbers[REFUSED]} lines were refused; the report says why. Put them right, run it again."
            )
