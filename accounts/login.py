"""Login with a password: the answer for each account status, and the repair that a login asks for."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password, verify_password

from accounts.models import Account, Event, EventKind, Voice
from accounts.signup import ask_for_repair
from accounts.status import Status
from accounts.validators import compare_from_now_on

MAY_ENTER = {Status.PROVISIONED, Status.ACTIVE}


@dataclass(frozen=True)
class LoginResult:
    """Outcome of a login: an account that may come in, or the key of the sentence that refuses it."""

    account: Account | None = None
    refusal: str = ""

    @property
    def may_enter(self) -> bool:
        return bool(self.account and self.account.status in MAY_ENTER)


def authenticate(email: str, password: str) -> LoginResult:
    """Check a password and write the audit log; an account that is not set up yet is queued for repair.

    One argon2 operation and one diary line, whether or not the address is known.
    """
    account = Account.objects.filter(email=email).first()
    right = _password_is_right(account, password)
    result = _answer(account, right)
    if result.account:
        compare_from_now_on(result.account, password)
    Event.objects.create(
        account=account,
        address="" if account else email,
        voice=Voice.THEY,
        kind=EventKind.LOGGED_IN if result.account else EventKind.TRIED_TO_LOG_IN,
        shown=result.refusal,
    )
    if right and account and account.status != Status.ACTIVE:
        ask_for_repair(account)
    return result


def _password_is_right(account: Account | None, password: str) -> bool:
    if account is None:
        make_password(password)
        return False
    return verify_password(password, account.password)[0]


def _answer(account: Account | None, right: bool) -> LoginResult:
    if account is None and settings.REVEAL_UNKNOWN_EMAIL:
        return LoginResult(refusal="login.unknown")
    if account is None or not right:
        return LoginResult(refusal="login.no_match")
    if not account.is_active:
        return LoginResult(refusal="login.suspended")
    return LoginResult(account=account)
