"""Account deletion: erases everything that somebody gave us.

The page says that it is done: a letter would need what was deleted.
"""

import re
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils.module_loading import import_string

from accounts.models import AccessRequest, Account, Event, EventKind, Login, Voice
from accounts.profile import sessions

SHORTEST_WORD = 4  # characters: a shorter name would blot out half of what is said of others
BLOT = "(deleted)"


def delete_everything(account: Account, line: Event | None = None) -> bool:
    """Delete an account with all that is known of its address. False: a second click; it is gone already.

    `line` is the line that is left in the diary, of nobody: by default that they did it themselves.

    Other packages forget what they have of it (settings.ON_DELETION). The account is locked first, as by whoever
    settles its steps: a letter under way finds nothing to write to.
    """
    with transaction.atomic():
        locked = Account.objects.select_for_update().filter(pk=account.pk).first()
        if not locked:
            return False
        Event.objects.filter(account=None, address=locked.email).delete()
        AccessRequest.objects.filter(email=locked.email).delete()
        sessions.end(Login.objects.filter(account=locked))
        for path in settings.ON_DELETION:
            import_string(path)(locked)
        locked.delete()
        if not locked.canary:
            left = line or Event(voice=Voice.THEY, shown="delete.done")
            left.kind = EventKind.DELETED_EVERYTHING
            left.save()
        return True


def blot_out(account: Account, rows: QuerySet, *fields: str) -> None:
    """Blot out who an account is in what services or the machine said of many: the rest of the words stays."""
    words = list(_words_of(account))
    holds = Q()
    for field in fields:
        for word in words:
            holds |= Q(**{f"{field}__icontains": word})
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    for row in rows.filter(holds).only("pk", *fields) if words else ():
        _write(row, {field: pattern.sub(BLOT, getattr(row, field)) for field in fields})


def _words_of(account: Account) -> Iterator[str]:
    """What they are known by, the longest first: a part of it must not hide the rest."""
    said = {account.email, account.name, account.company, account.phone}
    yield from sorted((word for word in said if len(word) >= SHORTEST_WORD), key=len, reverse=True)


def _write(row: Model, values: dict[str, str]) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)
