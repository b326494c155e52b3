"""Changes that people make to their own account: details, password and e-mail address.

Before what cannot be taken back they prove once more that it is theirs (re-authentication, ASVS 7.5).
"""

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts import claims, email_links
from accounts.models import AccessRequest, Account, Event, EventKind, MailboxLink, Voice
from accounts.passwords.check import check
from accounts.profile import sessions
from accounts.sentences import say
from accounts.signup import ask_for_repair
from accounts.status import Status
from accounts.throttle import refund, spend
from accounts.validators import has_blank_ends

DETAILS = ("name", "phone", "company", "language", "zone")
Kind = AccessRequest.Kind


class Taken(Exception):
    """Somebody else's account has this address by now."""


def typed_own_password(request, form, account: Account) -> bool:
    """Re-authenticate by password: one argon2, rate-limited as any guess; if wrong, the form says so."""
    spend(request, "login", account.email)
    if check(form.cleaned_data["password"], account.password).right:
        refund(request, "login", account.email)
        claims.of_browser(request).filter(account=account).update(proven=True)
        return True
    note(account, EventKind.TYPED_WRONG_PASSWORD, "password.wrong")
    hint = [say("password.blank_ends")] if has_blank_ends(form.cleaned_data["password"]) else []
    form.add_error("password", [say("password.wrong"), *hint])
    return False


def note(account: Account, kind: str, shown: str, detail: str = "") -> None:
    """Append a line in the person's own voice to the audit log."""
    Event.objects.create(account=account, voice=Voice.THEY, kind=kind, shown=shown, detail=detail)


def change_details(account: Account, given: dict[str, str]) -> None:
    """Save the details that differ from before.

    An account that is not set up yet is tried again: it may have been the company's name.
    """
    changed = {name: given[name] for name in DETAILS if name in given and given[name] != getattr(account, name)}
    if not changed:
        return
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(**changed)
        note(account, EventKind.CHANGED_DETAILS, "own.saved", ", ".join(changed))
        if account.status != Status.ACTIVE:
            ask_for_repair(account)


def change_password(request, account: Account, password: str) -> None:
    """Change the password and write to its owner about it.

    This browser stays logged in; every other session, every link in a letter and every claim is over.
    """
    encoded = make_password(password)
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(password=encoded)
        account.password = encoded
        end_every_other_way_in(account)
        update_session_auth_hash(request, account)
        sessions.note(request, account)
        AccessRequest.objects.create(kind=Kind.PASSWORD_CHANGED, email=account.email)
        note(account, EventKind.CHANGED_PASSWORD, "own.password_changed")
    sessions.end_others(request, account)


def end_every_other_way_in(account: Account) -> None:
    """Revoke every link in a letter and every claim of the account."""
    email_links.end_all(account)
    claims.end_for(account)


def ask_to_move(account: Account, email: str) -> None:
    """Queue a change of address to be confirmed by a link.

    One row, whoever has that address: set-up looks it up and writes, out of sight.
    """
    with transaction.atomic():
        AccessRequest.objects.create(kind=Kind.MOVE, email=account.email, to=email)
        note(account, EventKind.ASKED_FOR_MOVE, "own.move_asked", email)


def move(link: MailboxLink) -> None:
    """Change the account's address to the one that the link was sent to. Raises Taken, and LinkIsOver.

    The mailbox behind the link is theirs. The old one is told.
    """
    with transaction.atomic():
        email_links.use_up(link)
        account, old = link.account, link.account.email
        if not _has_moved(account, link.email):
            raise Taken
        email_links.end_all(account)
        AccessRequest.objects.create(kind=Kind.MOVED, email=link.email, to=old)
        note(account, EventKind.MOVED_ADDRESS, "own.moved", f"{old} → {link.email}")
        if account.status != Status.ACTIVE:
            ask_for_repair(account)


def _has_moved(account: Account, email: str) -> bool:
    try:
        with transaction.atomic():
            return bool(
                Account.objects.filter(pk=account.pk).update(email=email, mailbox_proven_at=Now(), address_taken="")
            )
    except IntegrityError:
        return False
