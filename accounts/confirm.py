"""The link that proves a mailbox: who it is for is signed into it, and nothing is looked up by guessing."""

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Event, Voice

SALT = "accounts.confirm"
VALID_SECONDS = 3 * 86400


def token_for(account: Account) -> str:
    """Bound to the address it is sent to: after a correction the old link is void."""
    return signing.dumps({"id": str(account.pk), "email": account.email}, salt=SALT)


def path_for(account: Account) -> str:
    return reverse("confirm", args=[token_for(account)])


def account_for(token: str) -> Account | None:
    try:
        said = signing.loads(token, salt=SALT, max_age=VALID_SECONDS)
    except signing.BadSignature:
        return None
    return Account.objects.filter(pk=said["id"], email=said["email"]).first()


def prove_mailbox(account: Account) -> None:
    """Once is enough: pressing twice changes nothing."""
    account.mailbox_proven_at = account.mailbox_proven_at or timezone.now()
    unproven = Account.objects.filter(pk=account.pk, mailbox_proven_at=None)
    with transaction.atomic():
        if unproven.update(mailbox_proven_at=account.mailbox_proven_at):
            Event.objects.create(account=account, voice=Voice.THEY, kind="proved_mailbox", shown="confirm.done")
