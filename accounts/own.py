"""Proving once more that an account is one's own, before something that cannot be taken back."""

from django.contrib.auth.hashers import verify_password

from accounts import claims
from accounts.messages import say
from accounts.models import Account, Event, Voice
from accounts.throttle import forgive, spend


def typed_own_password(request, form, account: Account) -> bool:
    """Re-authentication (ASVS 7.5): one argon2, counted as any guess; if wrong, the form says so."""
    spend(request, "login", account.email)
    if verify_password(form.cleaned_data["password"], account.password)[0]:
        forgive(request, "login", account.email)
        claims.of_browser(request).filter(account=account).update(proven=True)
        return True
    note(account, "typed_wrong_password", "password.wrong")
    form.add_error("password", say("password.wrong"))
    return False


def note(account: Account, kind: str, shown: str, detail: str = "") -> None:
    Event.objects.create(account=account, voice=Voice.THEY, kind=kind, shown=shown, detail=detail)
