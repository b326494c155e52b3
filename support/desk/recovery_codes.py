"""Recovery codes for two-factor login (look-up secrets, NIST 800-63B): ten, shown once, each opens once.

A code has 98 random bits and is kept as an HMAC with SECRET_KEY, so that it can be looked for with one query and not
be guessed, neither at the door nor by somebody who has the table. With another SECRET_KEY they open nothing.
"""

import secrets

from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from accounts.models import Account
from support.models import RecoveryCode

HOW_MANY = 10
GROUPS, LETTERS = 4, 5
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def make_anew(account: Account) -> list[str]:
    """Generate ten codes, to be shown now and never again. Those made before open nothing any more."""
    groups = ["".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS * HOW_MANY)]
    codes = ["-".join(groups[place : place + GROUPS]) for place in range(0, len(groups), GROUPS)]
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        RecoveryCode.objects.filter(account=account).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(account=account, code_hash=_hash(code)) for code in codes)
    return codes


def use(account: Account, typed: str) -> bool:
    """Redeem a code: true if it opens, and then it is used up."""
    theirs = RecoveryCode.objects.filter(account=account, code_hash=_hash(typed), used_at=None)
    return theirs.update(used_at=Now()) == 1


def left(account: Account) -> int:
    """Number of codes that are not used up."""
    return RecoveryCode.objects.filter(account=account, used_at=None).count()


def _hash(code: str) -> str:
    """HMAC of a code, the same in small letters, with blanks or without dashes."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return salted_hmac("support.recovery_codes", plain, algorithm="sha256").hexdigest()
