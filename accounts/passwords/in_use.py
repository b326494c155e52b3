"""Which sorts of old password hash are in use: found by a look at all accounts, kept for every check (HashInUse)."""

from typing import Any

from django.contrib.auth.hashers import get_hasher
from django.db import connection, transaction

from accounts.models import HashInUse
from accounts.passwords.check import note
from accounts.passwords.old_hashes import Unreadable, Work, can_be_checked, work_of

# One hash of each scheme and cost, wherever in it the cost stands.
EACH_SORT = r"""
    SELECT min(password) FROM accounts_account WHERE password NOT LIKE '!%%' AND NOT starts_with(password, %s)
    GROUP BY CASE
        WHEN starts_with(password, 'argon2$') THEN substring(password FROM '^argon2\$[^$]*\$[^$]*\$[^$]*')
        WHEN starts_with(password, 'scrypt$') THEN split_part(password, '$', 2) || '$' || split_part(password, '$', 4)
            || '$' || split_part(password, '$', 5)
        WHEN starts_with(password, 'bcrypt') THEN split_part(password, '$', 1) || '$' || split_part(password, '$', 4)
        WHEN starts_with(password, 'pbkdf2') THEN split_part(password, '$', 1) || '$' || split_part(password, '$', 2)
        ELSE split_part(password, '$', 1)
    END
    LIMIT 1000
"""


def look() -> None:
    """Keep the sorts of old hash that accounts have by now, and no others."""
    with connection.cursor() as cursor:
        cursor.execute(EACH_SORT, [ours()])
        works = [work for (encoded,) in cursor.fetchall() if (work := _work_of(encoded))]
    dearest: dict[str, int] = {}
    for work in works:
        dearest[work.key] = max(work.cost, dearest.get(work.key, 0))
    with transaction.atomic():
        HashInUse.objects.exclude(key__in=dearest).delete()
        for known in HashInUse.objects.all():
            if known.cost > dearest[known.key]:
                HashInUse.objects.filter(pk=known.pk).update(cost=dearest[known.key])
        note([Work(key, cost) for key, cost in dearest.items()])


def ours() -> str:
    """What a hash of our scheme and cost begins with."""
    hasher: Any = get_hasher()
    params = hasher.params()
    costs = f"m={params.memory_cost},t={params.time_cost},p={params.parallelism}"
    return f"{hasher.algorithm}$argon2id$v={params.version}${costs}$"


def _work_of(encoded: str) -> Work | None:
    try:
        work = work_of(encoded)
    except Unreadable:
        return None
    return work if work and can_be_checked(work) else None
