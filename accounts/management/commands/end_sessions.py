"""Management command that ends the open sessions of one person, or of everybody (ASVS 7.4.5)."""

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Account, Login, normal_email
from accounts.profile import sessions


class Command(BaseCommand):
    """`manage.py end_sessions <email>` or `--all`."""

    help = "Log somebody out everywhere, or everybody. Nothing else of theirs is changed."

    def add_arguments(self, parser):
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("email", nargs="?", help="whose sessions end")
        whose.add_argument("--all", action="store_true", help="everybody's sessions end, yours too")

    def handle(self, *, email=None, **options):
        theirs = Login.objects.all()
        if not options["all"]:
            account = Account.objects.filter(email=normal_email(email)).first()
            if account is None:
                raise CommandError(f"There is no account with {email}.")
            theirs = theirs.filter(account=account)
        self.stdout.write(f"{sessions.end(theirs)} sessions have ended.")
