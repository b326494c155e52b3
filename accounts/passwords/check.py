"""Check of a password at the same cost, whoever's it is and however it was hashed, or nobody's.

Each check does the same work in total: one Argon2 of ours, and of every other sort of hash that some account still
has (HashInUse) as much as the dearest of them takes. What an account's own hash does not take of it is spent on
nothing. So the time does not tell an old hash from a new one or from none; and it shrinks as people log in, for a
right password is hashed anew, which is the Argon2 of that check.
"""

from dataclasses import dataclass

from django.contrib.auth.hashers import is_password_usable, make_password

from accounts.models import Account, HashInUse
from accounts.passwords import old_hashes
from accounts.passwords.old_hashes import Unreadable, Work


@dataclass(frozen=True)
class Checked:
    """Result of a check. `fresh`: a hash of ours of the right password, where the account has an old one."""

    right: bool
    fresh: str = ""


def check(password: str, encoded: str | None) -> Checked:
    """Check a password against the hash of an account, or of nobody (None). Raises Busy."""
    in_use = dict(HashInUse.objects.values_list("key", "cost"))
    work, readable = _work_of(encoded)
    if not readable:
        make_password(password)
        checked = Checked(False)
    elif work is None:
        checked = Checked(old_hashes.verify(password, encoded or ""))
    else:
        if work.cost > in_use.get(work.key, 0):
            note([work])
        right, fresh = old_hashes.verify(password, encoded or ""), make_password(password)
        checked = Checked(right, fresh if right else "")
    _spend_the_rest(password, in_use, work)
    return checked


def hash_new(password: str) -> str:
    """Hash the password of a new account, at the cost of a check."""
    in_use = dict(HashInUse.objects.values_list("key", "cost"))
    encoded = make_password(password)
    _spend_the_rest(password, in_use, None)
    return encoded


def renew(account: Account, checked: Checked) -> None:
    """Keep the new hash of a right password, unless the account has got another meanwhile."""
    if checked.fresh and Account.objects.filter(pk=account.pk, password=account.password).update(
        password=checked.fresh
    ):
        account.password = checked.fresh


def note(found: list[Work]) -> None:
    """Let every check take this work from now on."""
    known = dict(HashInUse.objects.filter(key__in={work.key for work in found}).values_list("key", "cost"))
    for work in found:
        if work.cost > known.get(work.key, 0):
            HashInUse.objects.update_or_create(key=work.key, defaults={"cost": work.cost})
            known[work.key] = work.cost


def _work_of(encoded: str | None) -> tuple[Work | None, bool]:
    """Work of an old hash, and whether the hash can be checked at all."""
    if encoded is None or not is_password_usable(encoded):
        return None, False
    try:
        return old_hashes.work_of(encoded), True
    except Unreadable:
        return None, False


def _spend_the_rest(password: str, in_use: dict[str, int], mine: Work | None) -> None:
    for key, most in sorted(in_use.items()):
        spent = mine.cost if mine and mine.key == key else 0
        old_hashes.spend(key, most - spent, password)
