"""Login with a password: the answer for each account status, and the repair that a login asks for."""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import Account, Event, EventKind, Voice
from accounts.passwords.check import check, renew
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

    The same hashing and one diary line, whether or not the address is known.
    """
    account = Account.objects.filter(email=email).first()
    checked = check(password, account.password if account else None)
    result = _answer(account, checked.right)
    if result.account:
        renew(result.account, checked)
        compare_from_now_on(result.account, password)
    Event.objects.create(
        account=account,
        address="" if account else email,
        voice=Voice.THEY,
        kind=EventKind.LOGGED_IN if result.account else EventKind.TRIED_TO_LOG_IN,
        shown=result.refusal,
    )
    if checked.right and account and account.status != Status.ACTIVE:
        ask_for_repair(account)
    return result


def _answer(account: Account | None, right: bool) -> LoginResult:
    if account is None and settings.REVEAL_UNKNOWN_EMAIL:
        return LoginResult(refusal="login.unknown")
    if account is None or not right:
        return LoginResult(refusal="login.no_match")
    if not account.is_active:
        return LoginResult(refusal="login.suspended")
    return LoginResult(account=account)
