"""Rate limit for e-mails: so many an hour to one mailbox, whoever asks for them and by whichever door.

Counted at the hand-over, the one road that all letters take, under a lock of the mailbox. What is over the limit is
not lost: it waits until the hour allows it. A letter that is tried again is the same letter, and counted once. No
address is kept here.

Strangers can use up what is there for anybody. What they cannot use up, since it is kept for the mailbox's plain
address and for an address that was proven, is a link of each sort: so whoever reads this mailbox always has one.
Nobody but its reader can make us write that a password was changed, and nobody but the desk what the desk writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from accounts.database.clock import lately, long_ago
from provisioning.exceptions import Held
from provisioning.models import Postmark

SPAN = timedelta(hours=1)
MOST = {"reset": 6, "confirm_again": 5, "known": 5}  # the first of its sort in the hour
MOST_OF_ANY = 4
MOST_OF_NEW_SPELLINGS = 2
TRIED_AGAIN = ["mailbox", "address", "at"]
ONE_MAILBOX_TWO_DOMAINS = {"googlemail.com": "gmail.com"}
WITHOUT_DOTS = ("gmail.com",)


@dataclass(frozen=True)
class Letter:
    """A letter to be counted.

    `sort` is its template's name; `held` False: it counts, and waits for nothing.
    """

    key: UUID
    to: str
    sort: str
    proven: bool = False
    held: bool = True


def mailbox_of(email: str) -> str:
    """Mailbox in which mail to this address lands: without a plus part, and without what Gmail does not read."""
    local, _at, domain = email.strip().lower().rpartition("@")
    if len(local) > 2 and local.startswith('"') and local.endswith('"'):
        local = local[1:-1].replace("\\", "")
    domain = ONE_MAILBOX_TWO_DOMAINS.get(domain, domain)
    local = local.split("+")[0] or local
    if domain in WITHOUT_DOTS:
        local = local.replace(".", "") or local
    return f"{local}@{domain}"


def stamp(letter: Letter) -> None:
    """Count a letter. Raises Held if its mailbox has had its letters for the hour: it may go out later."""
    if not settings.THROTTLES:
        return
    mailbox = mailbox_of(letter.to)
    mark = Postmark(key=letter.key, mailbox=_hash(mailbox), address=_hash(letter.to), sort=letter.sort, at=Now())
    with transaction.atomic():
        _lock(mark.mailbox)
        lately_sent = Postmark.objects.filter(lately("at", SPAN), mailbox=mark.mailbox).exclude(key=mark.key)
        others = list(lately_sent.order_by("at"))
        most = _most(letter, mark, others, is_plain=letter.to == mailbox)
        if letter.held and len(others) >= most:
            raise Held("its mailbox has had its letters for this hour", others[-most].at + SPAN)
        Postmark.objects.bulk_create([mark], update_conflicts=True, unique_fields=["key"], update_fields=TRIED_AGAIN)


def _most(letter: Letter, mark: Postmark, others: Sequence[Postmark], is_plain: bool) -> int:
    theirs = [other.sort for other in others if other.address == mark.address]
    if not (letter.proven or is_plain):
        return MOST_OF_ANY if theirs else MOST_OF_NEW_SPELLINGS
    return MOST_OF_ANY if letter.sort in theirs else MOST.get(letter.sort, MOST_OF_ANY)


def _lock(mailbox: str) -> None:
    """Lock a mailbox until the transaction ends: of two letters at once the second counts the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(mailbox[:15], 16)])


def _hash(address: str) -> str:
    return salted_hmac("provisioning.postage", address, algorithm="sha256").hexdigest()


def forget_old() -> None:
    """Delete the postmarks that no longer count. Called by the sweep."""
    Postmark.objects.filter(long_ago("at", SPAN)).delete()
