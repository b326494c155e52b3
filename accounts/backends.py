"""Authentication backend for the desk's own login, under the rate limits of the public login page."""

from django.contrib.auth.backends import ModelBackend

from accounts.models import Account, Event, EventKind, Voice, normal_email
from accounts.passwords.check import check, renew
from accounts.throttle import refund, spend
from accounts.validators import compare_from_now_on


class ThrottledBackend(ModelBackend):
    """Model backend that counts each password as a guess, re-hashes old hashes, and writes the audit log."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        if request is None or username is None:
            return super().authenticate(request, username, password, **kwargs)
        email = normal_email(username)[:254]
        spend(request, "login", email)
        known = Account.objects.filter(email=email).first()
        checked = check(password or "", known.password if known else None)
        account = known if known and checked.right and self.user_can_authenticate(known) else None
        _note(email, known, account)
        if account:
            renew(account, checked)
            compare_from_now_on(account, password)
            refund(request, "login", email)
        return account


def _note(email: str, known: Account | None, let_in: Account | None) -> None:
    """Audit the desk login of whoever has the address (ASVS 16.3.1)."""
    kind = EventKind.LOGGED_IN_AT_THE_DESK if let_in else EventKind.TRIED_TO_LOG_IN
    Event.objects.create(account=known, address="" if known else email, voice=Voice.THEY, kind=kind)
