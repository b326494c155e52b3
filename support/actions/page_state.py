"""Stale-page check: the state a page showed is signed into its forms, and an action on another state is refused.

Optimistic locking across two requests: the page's state is compared with that of the locked rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.core import signing
from django.utils.translation import gettext as _

from accounts.models import Account
from provisioning.models import State, Step
from support.actions.actions import Refused
from support.models import Incident, Letter, Message, Press, Recovery, Ticket
from support.trust.newest_word import sent_word

SALT = "support.seen"
VALID_SECONDS = 12 * 3600
Sight = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """Page state of a form. `key` is the page's own idempotency key, so that a second click on it finds the first."""

    key: UUID
    state: Sight


def seal(state: Sight, viewer: Account) -> str:
    """Sign a page's state and a fresh idempotency key for one viewer."""
    return signing.dumps({"key": str(uuid4()), "by": str(viewer.pk), "state": dict(state)}, salt=SALT, compress=True)


def unseal(token: str, viewer: Account) -> Seen:
    """Page state from a form's signed token.

    Raises BadSignature for a token that we did not sign, or not for this viewer; SignatureExpired after 12 hours.
    """
    said = signing.loads(token, salt=SALT, max_age=VALID_SECONDS)
    if said["by"] != str(viewer.pk):
        raise signing.BadSignature("sealed for somebody else")
    return Seen(UUID(said["key"]), said["state"])


def unseal_old(token: str) -> Seen:
    """Page state from a token of any age and for any viewer, to find the form's subject. Nothing is done with it.

    Raises BadSignature for a token that we did not sign.
    """
    said = signing.loads(token, salt=SALT)
    return Seen(UUID(said["key"]), said["state"])


def sealed_for(token: str) -> str | None:
    """Primary key of the viewer a token was signed for; None if we did not sign it."""
    try:
        return signing.loads(token, salt=SALT)["by"]
    except signing.BadSignature:
        return None


def state_of(account: Account | None, ticket: Ticket | None, steps: list[Step] | None = None) -> Sight:
    """State of an account and its ticket, as pages show it. `steps` are read where they are not given."""
    if steps is None:
        steps = list(Step.objects.filter(account=account)) if account else []
    spoken = sent_word(account, ticket) if account and ticket else None  # one apology is enough
    return {
        "account": str(account.pk) if account else None,
        "status": account.status if account else None,
        "email": account.email if account else None,
        "active": account.is_active if account else None,
        "steps": {step.kind: step.state for step in steps if not step.occasion},
        "ticket": ticket.pk if ticket else None,
        "open": bool(ticket and ticket.closed_at is None),
        "aside": bool(ticket and ticket.asleep_since),
        "owner": bool(ticket and ticket.handed_over_at),
        "abusive": bool(ticket and ticket.abusive),
        "words": _last_words(ticket),
        **({"spoken": spoken} if spoken else {}),
    }


def _last_words(ticket: Ticket | None) -> int | None:
    known = getattr(ticket, "last_words", None)
    if ticket is None or known is not None:
        return known
    return Message.objects.filter(ticket=ticket).order_by("-pk").values_list("pk", flat=True).first()


def state_of_incident(incident: Incident) -> Sight:
    """State of an incident and its running recovery, as its card shows it."""
    running = Recovery.objects.filter(incident=incident, ended_at=None).values_list("pk", flat=True).first()
    return {"incident": incident.pk, "closed": incident.closed_at is not None, "recovery": running}


def state_of_reply(key: str, letter: Letter, *, held: bool) -> Sight:
    """State of a reply that was just sent: whom it is for, and whether it still waits in the outbox."""
    account = letter.ticket.account_id if letter.ticket else None
    return {"reply": key, "held": held, "account": str(account) if account else None, "ticket": letter.ticket_id}


def state_of_selected(recovery: Recovery) -> Sight:
    """State of the recovery of people who were selected in a list."""
    return {"selected": recovery.pk, "over": recovery.ended_at is not None}


def changes(old: Sight, new: Sight) -> list[str]:
    """Differences between two page states, in words.

    What the page did not know, since it was made by an older release, is none.
    """
    known = [name for name in {**old, **new} if name in old or name in ONLY_IF_TRUE]
    different = [name for name in known if old.get(name) != new.get(name)]
    found = [WORDS[name](old.get(name), new.get(name)) for name in WORDS if name in different]
    return [sentence for sentence in found if sentence] or ([_("it has changed")] if different else [])


def refuse_stale(seen: Seen, now: Sight) -> None:
    """Raise Refused with what has changed since the page was made, if anything has."""
    if different := changes(seen.state, now):
        raise Refused(_("since you looked: %(what)s. Please look again.") % {"what": "; ".join(different)})


def refuse_second_press(seen: Seen, act: str) -> None:
    """Note the press of a form's button. Raises Refused if it was pressed before."""
    _press, first = Press.objects.get_or_create(key=seen.key, defaults={"act": act})
    if not first:
        raise Refused(_("that button was already pressed."))


def _steps(old: dict, new: dict) -> str:
    labels = dict(State.choices)
    different = [kind for kind in new if old.get(kind) != new[kind]]
    return ", ".join(f"{kind.replace('_', ' ')}: {labels[new[kind]]}" for kind in different)


ONLY_IF_TRUE = ("spoken",)  # noted in a state only where it holds
WORDS = {
    "status": lambda old, new: _("the status went from %(old)s to %(new)s") % {"old": old, "new": new},
    "steps": _steps,
    "email": lambda old, new: _("the address is now %(new)s") % {"new": new},
    "active": lambda old, new: _("the account was suspended, or no longer is"),
    "words": lambda old, new: _("they wrote again"),
    "spoken": lambda old, new: _("a word was sent to them"),
    "ticket": lambda old, new: _("they have a different ticket"),
    "open": lambda old, new: _("the ticket was closed") if old else _("the ticket was opened again"),
    "aside": lambda old, new: _("the ticket was put aside") if new else _("the ticket came back"),
    "owner": lambda old, new: _("the owner has it now"),
    "abusive": lambda old, new: _("the message was hidden or shown"),
    "closed": lambda old, new: _("the incident is over") if new else _("the incident is open again"),
    "held": lambda old, new: _("it went out"),
    "over": lambda old, new: _("the recovery ended"),
    "role": lambda old, new: _("they have another role"),
    "second_step": lambda old, new: _("their authenticator was set up, or removed"),
    "recovery": lambda old, new: _("a recovery has started") if new else _("the recovery has ended"),
}
