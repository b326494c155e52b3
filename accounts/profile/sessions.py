"""Open sessions of one account: listed for its owner, and ended at once (ASVS 7.5.2)."""

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Account, Login, note_login

BATCH = 1000


def open_logins(account: Account) -> QuerySet[Login]:
    """Return the account's unexpired sessions, newest first."""
    return Login.objects.filter(account=account, session__expire_date__gt=Now()).order_by("-at", "-pk")


def note(request, account: Account) -> None:
    """Record the session again, after it has got another key."""
    note_login(sender=None, request=request, user=account)


def end(logins: QuerySet[Login]) -> int:
    """End sessions and return their number.

    With the session's row its cookie is worth nothing, from the next request on.
    """
    ended = list(logins.values_list("session_id", flat=True))
    Login.objects.filter(session_id__in=ended).delete()
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def end_others(request, account: Account) -> int:
    """End every session of the account but this one, and return their number."""
    return end(Login.objects.filter(account=account).exclude(session_id=request.session.session_key or ""))


def forget_old() -> None:
    """Periodic job: delete expired sessions, a batch at a time."""
    over = Session.objects.filter(expire_date__lte=Now()).values_list("pk", flat=True)[:BATCH]
    Session.objects.filter(pk__in=list(over)).delete()
