"""Account status and its allowed transitions, a state machine with no database in it."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Progress of an account's set-up."""

    CREATED = "created", _("signed up")
    EMAIL_SENT = "email_sent", _("welcome email sent")
    PROVISIONED = "provisioned", _("workspace ready")
    ACTIVE = "active", _("active")
    FAILED = "failed", _("given up automatically, waiting for a person")


# Everything may heal, and nothing that is finished comes undone: ACTIVE has no arrow out.
# The one way back to CREATED is a mistyped address put right: its welcome letter is owed anew.
ARROWS: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.EMAIL_SENT, Status.PROVISIONED, Status.ACTIVE, Status.FAILED}),
    Status.EMAIL_SENT: frozenset({Status.CREATED, Status.PROVISIONED, Status.ACTIVE, Status.FAILED}),
    Status.PROVISIONED: frozenset({Status.CREATED, Status.EMAIL_SENT, Status.ACTIVE, Status.FAILED}),
    Status.FAILED: frozenset({Status.CREATED, Status.EMAIL_SENT, Status.PROVISIONED, Status.ACTIVE}),
    Status.ACTIVE: frozenset(),
}
UNFINISHED = frozenset(Status) - {Status.ACTIVE}


class NoSuchArrow(ValueError):
    """Invalid transition: the design has no such change of status."""


def check_arrow(old: str, new: str) -> None:
    """Raise NoSuchArrow unless an account may go from `old` to `new`."""
    if Status(new) not in ARROWS[Status(old)]:
        raise NoSuchArrow(f"an account does not go from {old} to {new}")
