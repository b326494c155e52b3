"""Members of staff with their role, and the rules about which of them another may change, and how."""

from dataclasses import dataclass

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account
from support.actions.page_state import Sight
from support.permissions import STAFF

SUPPORT, OWNER, SUPERUSER = "support", "owner", "superuser"
ROLES = {SUPPORT: gettext_lazy("Support"), OWNER: gettext_lazy("Owner")}  # groups; a superuser is made elsewhere


@dataclass(frozen=True)
class Member:
    """One member of staff. `role` is empty for somebody who may log in to the desk and do nothing there."""

    account: Account
    role: str
    second_step: bool = False

    @property
    def role_shown(self) -> str:
        others = {SUPERUSER: _("Superuser"), "": _("No role")}
        return str(ROLES.get(self.role) or others[self.role])

    @property
    def has_come(self) -> bool:
        """False until they have chosen a password."""
        return self.account.has_usable_password()

    def state(self) -> Sight:
        """State of a member as the page shows it, for its forms."""
        known = {"account": str(self.account.pk), "ticket": None, "email": self.account.email}
        return known | {"active": self.account.is_active, "role": self.role, "second_step": self.second_step}


def staff() -> QuerySet[Account]:
    """Accounts that may use the desk, suspended ones as well."""
    return Account.objects.filter(is_staff=True)


def members(accounts: QuerySet[Account]) -> list[Member]:
    """Members of staff of these accounts, with their roles and whether they have set up the second step."""
    rows = list(accounts.prefetch_related("groups"))
    enrolled = set(TOTPDevice.objects.filter(user__in=rows, confirmed=True).values_list("user_id", flat=True))
    return [Member(row, role_of(row), row.pk in enrolled) for row in rows]


def role_of(account: Account) -> str:
    """Role of a member of staff: the highest that they have."""
    if account.is_superuser:
        return SUPERUSER
    names = {group.name for group in account.groups.all()}
    return OWNER if OWNER in names else SUPPORT if SUPPORT in names else ""


def give_role(account: Account, role: str) -> None:
    """Put an account into the group of this role, and out of that of the other."""
    account.groups.remove(*Group.objects.filter(name__in=ROLES))
    account.groups.add(Group.objects.get(name=role))


def is_last(account: Account) -> bool:
    """True for the only one left who can let others in: superuser or owner, not suspended, with a password."""
    may = Q(is_superuser=True) | Q(groups__name=OWNER)
    keepers = staff().filter(may, is_active=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return set(keepers.values_list("pk", flat=True)) == {account.pk}


def may_manage(user: Account) -> bool:
    """True for a user who may manage staff at all."""
    return user.is_staff and user.has_perms(STAFF)


def refuse_unless_owner(actor: Account | None) -> Account:
    """Return the actor. Raises PermissionDenied for somebody who may not manage staff."""
    if actor is None or not may_manage(actor):
        raise PermissionDenied(_("Nothing was done. Only an owner of this desk can manage its staff."))
    return actor


def may_change(actor: Account, account: Account) -> bool:
    """Object-level permission: the access of a superuser is changed by superusers only."""
    return actor.is_superuser or not account.is_superuser
