"""Open sessions of one account: listed for its owner, and ended at once (ASVS 7.5.2)."""

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Account, Login, note_login

BATCH = 1000


def open_logins(account: Account) -> QuerySet[Login]:
    return Login.objects.filter(account=account, session__expire_date__gt=Now()).order_by("-at", "-pk")


def note(request, account: Account) -> None:
    """Again, after the session has got another key."""
    note_login(sender=None, request=request, user=account)


def end(logins: QuerySet[Login]) -> int:
    """With the session's row its cookie is worth nothing, from the next request on."""
    ended = list(logins.values_list("session_id", flat=True))
    Login.objects.filter(session_id__in=ended).delete()
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def end_others(request, account: Account) -> int:
    return end(Login.objects.filter(account=account).exclude(session_id=request.session.session_key or ""))


def forget_old() -> None:
    """Called by the sweep: what has expired, a batch at a time."""
    over = Session.objects.filter(expire_date__lte=Now()).values_list("pk", flat=True)[:BATCH]
    Session.objects.filter(pk__in=list(over)).delete()
