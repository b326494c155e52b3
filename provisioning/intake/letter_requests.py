"""Requests for a letter (password reset, resend, move), answered.

Here, out of any stranger's sight, the address is looked up.
"""

from datetime import timedelta
from uuid import UUID

from accounts.models import AccessRequest, Account, Event, Voice
from accounts.signup import ask_for_repair
from accounts.status import Status
from provisioning.intake.outbox import owe_letter
from provisioning.kinds import WELCOME
from provisioning.models import State, Step

Kind = AccessRequest.Kind
PAUSE = timedelta(minutes=2)  # between two letters that somebody asked for
SHOWN = {Kind.RESET: "reset.taken", Kind.RESEND: "resend.taken"}


def answer(request: AccessRequest) -> UUID | None:
    """Owe the requested letter, if there is somebody to write to. Returns whose set-up is to be repaired at once."""
    account = Account.objects.filter(email=request.email).first()
    if request.kind in SHOWN:
        _note(request, account)
    if account is None or not account.is_active:
        return None
    if request.kind == Kind.PASSWORD_CHANGED:
        owe_letter(account.pk, "letter.password_changed", f"request {request.pk}", pause=timedelta(0))
        return None
    if request.kind == Kind.MOVE:
        _owe_move(account, request)
        return None
    if request.kind == Kind.MOVED:
        owe_letter(account.pk, "letter.moved", f"request {request.pk}", {"to": request.to}, pause=timedelta(0))
        return None
    if request.kind == Kind.RESET:
        owe_letter(account.pk, "letter.reset", f"request {request.pk}", pause=PAUSE)
        return _repair(account) if account.status != Status.ACTIVE else None
    return _write_again(account, request)


def _owe_move(account: Account, request: AccessRequest) -> None:
    """Owe the letter to the address they named last.

    A letter to another that has not gone out yet is not owed any more.
    """
    Step.objects.owed().filter(account=account, kind="letter.move").delete()
    owe_letter(account.pk, "letter.move", f"request {request.pk}", {"to": request.to}, pause=timedelta(0))


def _write_again(account: Account, request: AccessRequest) -> UUID | None:
    """Owe the letter of a resend request.

    The welcome letter itself if it has not gone out; else its link once more, or word that none is needed.
    """
    if not Step.objects.of_setup().filter(account=account, kind=WELCOME, state=State.DONE).exists():
        return _repair(account)
    kind = "letter.known" if account.mailbox_proven_at else "letter.confirm_again"
    owe_letter(account.pk, kind, f"request {request.pk}", pause=PAUSE)
    return _repair(account) if account.status != Status.ACTIVE else None


def _repair(account: Account) -> UUID:
    ask_for_repair(account)
    return account.pk


def _note(request: AccessRequest, account: Account | None) -> None:
    Event.objects.create(
        account=account,
        address="" if account else request.email,
        voice=Voice.THEY,
        kind=f"asked_for_{request.kind}",
        shown=SHOWN[Kind(request.kind)],
    )
