"""Management command that fills the desk with people who do not exist."""

import secrets

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from support import demo, demo_week

SAID = """
The desk is now full of demo people. Log in at {site}/admin/

    {email}
    {password}
"""
SECOND_STEP = "You'll be asked for a second step (DESK_REQUIRES_TOTP): have an authenticator app at hand."


class Command(BaseCommand):
    """Fill the desk with demo data and print a login; refused beside real accounts without DEBUG or --force."""

    help = "Fill a desk to look at: an outage, a bounced address, an angry writer, a deadline, somebody let in early."

    def add_arguments(self, parser):
        parser.add_argument("--force", action="store_true", help="even beside real accounts, without DEBUG")

    def handle(self, *args, force=False, **options):
        if not (settings.DEBUG or force) and demo.real_accounts():
            raise CommandError("Real people have accounts here, so nothing was made. If you mean it: --force.")
        password = secrets.token_urlsafe(12)
        with transaction.atomic():
            demo_week.clear()
            demo.fill(password)
            demo_week.fill(timezone.now())
        said = SAID.format(site=settings.SITE_URL, email=demo.SUPPORTER, password=password)
        self.stdout.write(said + (SECOND_STEP if settings.DESK_REQUIRES_TOTP else ""))
