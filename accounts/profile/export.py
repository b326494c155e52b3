"""Export of an account: everything that we have about somebody, as JSON for its owner.

Other packages add what they have (settings.ON_EXPORT). What strangers typed into our forms under this address is not
the owner's; nor is what came from the address before it was proven.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from accounts.models import AccessRequest, Account, Event, EventKind, Login, MailboxLink, SignupClaim

MOST = 20_000  # rows of one sort
OWN = (
    *("id", "email", "name", "phone", "company", "reference", "status", "status_at", "mailbox_proven_at"),
    *("is_active", "created_at", "last_login", "address_taken", "language", "zone", "browser_zone"),
    *("needed_by", "needed_because"),
)


def everything_about(account: Account) -> dict[str, Any]:
    """All rows about an account, by what they are."""
    found: dict[str, Any] = {}
    for path in settings.ON_EXPORT:
        found |= import_string(path)(account)
    return found


def rows(of: QuerySet, *fields: str) -> list[dict[str, Any]]:
    """These columns of rows, the oldest first."""
    return list(of.order_by("pk").values(*fields)[:MOST])


def of_account(account: Account) -> dict[str, Any]:
    """What the front door has: the account, its diary, sign-ups, links, requests and sessions."""
    return {
        "account": Account.objects.filter(pk=account.pk).values(*OWN).get(),
        "diary": list(_without_others(rows(Event.objects.filter(account=account), *DIARY))),
        "sign_ups": rows(SignupClaim.objects.filter(account=account, proven=True), *SIGN_UP),
        "links": rows(MailboxLink.objects.filter(account=account), *LINK),
        "requests": rows(AccessRequest.objects.filter(email=account.email), "kind", "to", "created_at"),
        "sessions": rows(Login.objects.filter(account=account), "browser", "system", "at"),
    }


DIARY = ("at", "voice", "kind", "shown", "detail")
SIGN_UP = ("email", "name", "phone", "company", "needed_by", "created_at", "seen_at")
LINK = ("purpose", "email", "created_at", "expires_at", "used_at", "replaced_at")


def _without_others(lines: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Lines of the diary, but for the address of somebody else who answered in their place."""
    for line in lines:
        yield line | {"detail": ""} if line["kind"] == EventKind.MAIL_BY_ANOTHER else line
