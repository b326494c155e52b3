"""Management command that plays the acts of the story, an end-to-end demonstration on a stage of its own."""

import textwrap

from django.core.management.base import BaseCommand, CommandError

from stage.acts import ACTS, PROVED, ActFailed
from stage.stage import stage


class Command(BaseCommand):
    """`manage.py story`: print each act, the pages that its people see, and what it proves."""

    help = "Play the eight acts of the story on a stage of its own, and print what each person sees."
    requires_system_checks: list[str] = []

    def handle(self, *args, **options):
        with stage() as theatre:
            for number, act in enumerate(ACTS, 1):
                self.stdout.write(self.style.MIGRATE_HEADING(f"\nAct {number}. {act.__doc__}"))
                self._play(number, act, theatre)
        self.stdout.write(f"\nAll {len(ACTS)} acts hold.")

    def _play(self, number, act, theatre):
        try:
            for who, sees in act(theatre):
                if who == PROVED:
                    self.stdout.write(self.style.SUCCESS(f"\n  Proved: {sees}"))
                    continue
                lines = "\n".join(textwrap.fill(line, 90) for line in sees.strip().splitlines())
                self.stdout.write(f"\n  {who}:")
                self.stdout.write(textwrap.indent(lines, "    | "))
        except (ActFailed, TimeoutError) as broken:
            raise CommandError(f"Act {number} does not hold: {broken}") from broken
