"""Actions behind a link in an e-mail: verify the mailbox, choose a password, disown a sign-up."""

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Coalesce, Now

from accounts import claims, email_links
from accounts.models import AccessRequest, Account, Event, EventKind, Login, MailboxLink, SignupClaim, Voice
from accounts.profile import sessions
from accounts.signup import ask_for_repair
from accounts.status import Status


def prove_mailbox(link: MailboxLink, shown: str = "confirm.done") -> None:
    """Verify the mailbox, from a browser that is the owner's already. Raises LinkIsOver."""
    with transaction.atomic():
        email_links.use_up(link)
        _prove(link, EventKind.PROVED_MAILBOX, shown)


def choose_password(link: MailboxLink, password: str, claim_hash: str = "", details: dict | None = None) -> None:
    """Set a password by the mailbox. Ends every session, every other browser's claim, and other links.

    `details`: the owner's own name, phone and company, where the first sign-up may have been a stranger's.
    Raises LinkIsOver, and Busy.
    """
    encoded = make_password(password)
    with transaction.atomic():
        email_links.use_up(link)
        account = link.account
        Account.objects.filter(pk=account.pk).update(password=encoded, **details or {})
        SignupClaim.objects.filter(account=account).exclude(token_hash=claim_hash).delete()
        email_links.end_all(account)
        sessions.end(Login.objects.filter(account=account))
        AccessRequest.objects.create(kind=AccessRequest.Kind.PASSWORD_CHANGED, email=account.email)
        if account.status != Status.ACTIVE:
            ask_for_repair(account)
        _prove(link, EventKind.CHOSE_PASSWORD, "password.changed")


def disown(link: MailboxLink) -> None:
    """End a second sign-up that was somebody else's: their claim is over, and the account stays as it was."""
    with transaction.atomic():
        email_links.use_up(link)
        SignupClaim.objects.filter(account=link.account, proven=False).delete()
        _write(link, EventKind.SAID_NOT_ME, "already.not_me")


def _prove(link: MailboxLink, kind: str, shown: str) -> None:
    """Mark the mailbox as verified.

    Once the account is ready, too, there is nothing left that a browser's claim could tell.
    """
    Account.objects.filter(pk=link.account_id).update(
        mailbox_proven_at=Coalesce("mailbox_proven_at", Now()), address_taken=""
    )
    if link.account.status == Status.ACTIVE:
        claims.end_for(link.account)
    _write(link, kind, shown)


def _write(link: MailboxLink, kind: str, shown: str) -> None:
    Event.objects.create(account=link.account, voice=Voice.THEY, kind=kind, shown=shown)
