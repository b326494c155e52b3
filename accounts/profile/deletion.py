"""Account deletion: erases everything that somebody gave us.

The page says that it is done: a letter would need what was deleted.
"""

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from accounts.models import AccessRequest, Account, Event, EventKind, Voice


def delete_everything(account: Account) -> bool:
    """Delete an account with all that is known of its address. False: a second click; it is gone already.

    Other packages forget what they have of it (settings.ON_DELETION). The account is locked first, as by whoever
    settles its steps: a letter under way finds nothing to write to.
    """
    with transaction.atomic():
        locked = Account.objects.select_for_update().filter(pk=account.pk).first()
        if not locked:
            return False
        Event.objects.filter(account=None, address=locked.email).delete()
        AccessRequest.objects.filter(email=locked.email).delete()
        for path in settings.ON_DELETION:
            import_string(path)(locked)
        locked.delete()
        if not locked.canary:
            Event.objects.create(voice=Voice.THEY, kind=EventKind.DELETED_EVERYTHING, shown="delete.done")
        return True
