"""Acts on members of staff: invite, change the role, suspend, let back in, another authenticator.

Each runs in a transaction that has all staff locked. It raises Refused with a sentence where it cannot.
"""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, EventKind
from accounts.status import Status
from provisioning.emails.compose import BY_THE_DESK
from provisioning.intake.outbox import owe_letter
from support.actions.actions import Refused, end_sessions, note
from support.models import RecoveryCode
from support.staff.members import OWNER, Member, give_role, is_last


def invite(actor: Account, key: UUID, words: dict) -> None:
    """Make an account of staff without a password, and e-mail it the link to choose one.

    Nothing has to be set up for staff. An address that has an account already is left as it is.
    """
    given = {"name": words["name"], "language": words["language"], "password": make_password(None)}
    of_staff = {"is_staff": True, "status": Status.ACTIVE}
    account, made = Account.objects.get_or_create(email=words["email"], defaults=given | of_staff)
    if not made:
        raise Refused(_whose_address(account))
    give_role(account, words["role"])
    note(account, EventKind.INVITED_TO_THE_DESK, actor, f"{words['role']}: {words['reason']}")
    _write(account, "letter.staff_invited", actor, key)


def _whose_address(account: Account) -> str:
    if account.is_staff:
        return _("%(name)s uses the desk with that address already.") % {"name": account.name}
    return _("that address has an account of somebody who signed up. Staff need an address of their own.")


def invite_again(member: Member, actor: Account, key: UUID, words: dict) -> None:
    """E-mail the invitation once more; the link in the one before is over."""
    if not _write(member.account, "letter.staff_invited", actor, key):
        raise Refused(_("the invitation hasn't gone out yet. It does as soon as our mail service takes it."))
    note(member.account, EventKind.INVITED_TO_THE_DESK, actor, words["reason"])


def change_role(member: Member, actor: Account, key: UUID, words: dict) -> None:
    """Change the role of a member of staff, from the next page they open."""
    role = words["role"]
    if role == member.role:
        raise Refused(_("that is the role of %(name)s already.") % {"name": member.account.name})
    if role != OWNER:
        _refuse_the_last(member)
    give_role(member.account, role)
    note(member.account, EventKind.ROLE_CHANGED, actor, f"{member.role or '–'} → {role}: {words['reason']}")


def suspend(member: Member, actor: Account, key: UUID, words: dict) -> None:
    """Suspend a member of staff: all their sessions end at once."""
    _refuse_the_last(member)
    Account.objects.filter(pk=member.account.pk).update(is_active=False)
    note(member.account, EventKind.SUSPENDED, actor, words["reason"])
    end_sessions(member.account, actor, words["reason"])


def let_back_in(member: Member, actor: Account, key: UUID, words: dict) -> None:
    """End a suspension; password, role and second step are as they were."""
    Account.objects.filter(pk=member.account.pk).update(is_active=True)
    note(member.account, EventKind.LET_BACK_IN, actor, words["reason"])


def new_authenticator(member: Member, actor: Account, key: UUID, words: dict) -> None:
    """Remove the second step with its recovery codes: the next log-in shows a new key, and makes new codes.

    All their sessions end, and an e-mail says who did it.
    """
    TOTPDevice.objects.filter(user=member.account).delete()
    RecoveryCode.objects.filter(account=member.account).delete()
    note(member.account, EventKind.SECOND_STEP_REMOVED, actor, words["reason"])
    end_sessions(member.account, actor, words["reason"])
    _write(member.account, "letter.second_step_removed", actor, key)


def _refuse_the_last(member: Member) -> None:
    if is_last(member.account):
        raise Refused(_("nobody else could let people in to the desk then. Make somebody else an owner first."))


def _write(account: Account, kind: str, actor: Account, key: UUID) -> bool:
    """Owe a letter that names who did it. False: one of the kind is on its way."""
    return owe_letter(account.pk, kind, f"staff {key}", BY_THE_DESK | {"by": actor.name}, pause=timedelta(0))
