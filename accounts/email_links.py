"""Single-use links in e-mails: bound to the address they were sent to, stored as hashes only.

A token is derived from the key of the letter's step, so that a letter that is tried again carries the same
link, and neither the step nor this table holds anything that opens a door.
"""

import base64
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.claims import hash_token
from accounts.models import Account, MailboxLink

Purpose = MailboxLink.Purpose
VALID_FOR = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.ALREADY_HERE: timedelta(days=7),
    Purpose.RESET: timedelta(hours=2),
    Purpose.MOVE: timedelta(days=7),
}


class LinkIsOver(Exception):
    """The link was used, replaced or voided since it was looked up."""


def token_for(key: UUID) -> str:
    """Derive the token of a letter from its key: 256 bits that only this installation can compute."""
    digest = salted_hmac("accounts.links", str(key), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hand_out(account: Account, purpose: Purpose, key: UUID, email: str = "") -> str:
    """Store a link for this letter, to the account's address or another, and return its token.

    Its time runs anew at each try; older links of the same purpose are over.
    """
    token = token_for(key)
    link = MailboxLink(account=account, purpose=purpose, token_hash=hash_token(token), email=email or account.email)
    link.expires_at = Now() + VALID_FOR[purpose]
    with transaction.atomic():
        MailboxLink.objects.bulk_create(
            [link], update_conflicts=True, unique_fields=["token_hash"], update_fields=["expires_at"]
        )
        older = MailboxLink.objects.filter(account=account, purpose=purpose, used_at=None, replaced_at=None)
        older.filter(pk__lt=link.pk).update(replaced_at=Now())
    return token


def find(token: str, *purposes: Purpose) -> MailboxLink | None:
    """Return the link with this token and one of these purposes, with its account."""
    links = MailboxLink.objects.filter(token_hash=hash_token(token), purpose__in=purposes)
    return links.select_related("account").first()


def why_over(link: MailboxLink, now: datetime) -> str:
    """Return the key of the sentence for a link that works no more; an empty string while it works."""
    if link.used_at:
        return f"link.used.{link.purpose}"
    if link.purpose != Purpose.MOVE and link.email != link.account.email:
        return "link.address_changed"
    if link.replaced_at:
        return "link.address_changed" if link.account.address_taken else "link.replaced"
    return "link.expired" if link.expires_at <= now else ""


def end_all(account: Account) -> None:
    """Revoke all links of an account, as when it changes its address or password.

    What an old mailbox holds ends with the address, also if that address comes back one day.
    """
    MailboxLink.objects.filter(account=account, used_at=None, replaced_at=None).update(replaced_at=Now())


def use_up(link: MailboxLink) -> None:
    """Consume a link, with its account locked. Raises LinkIsOver if somebody was faster."""
    link.account = Account.objects.select_for_update().get(pk=link.account_id)
    alive = MailboxLink.objects.filter(pk=link.pk, used_at=None, replaced_at=None, expires_at__gt=Now())
    if link.purpose != Purpose.MOVE:
        alive = alive.filter(email=link.account.email)
    if not alive.update(used_at=Now()):
        raise LinkIsOver


def bound(about: str, account: Account, salt: str) -> str:
    """Return a signed token that names what its letter was about, and the address it was sent to as a fingerprint.

    It is over with that address.
    """
    return signing.dumps([about, _print_of(account)], salt=salt)


def about_of(token: str, salt: str, seconds: int) -> tuple[str, str]:
    """Return the name in such a token, and the address's fingerprint for `is_bound`. Raises signing.BadSignature."""
    found = signing.loads(token, salt=salt, max_age=seconds)
    about, fingerprint = found if isinstance(found, list) and len(found) == 2 else ("", "")
    return about, fingerprint


def is_bound(fingerprint: str, account: Account) -> bool:
    """Return True if the fingerprint is that of the account's present address."""
    return constant_time_compare(fingerprint, _print_of(account))


def _print_of(account: Account) -> str:
    """Fingerprint of the account's address. No address in a link: those are kept in histories and logs."""
    return salted_hmac("accounts.links.bound", account.email, algorithm="sha256").hexdigest()[:32]
