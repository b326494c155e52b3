"""Account card of the desk: finding, actions, steps with tries, audit log, proofs, messages, similar accounts."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils.translation import get_language_info

from accounts.models import Account, Event, EventKind, SignupClaim, Voice
from provisioning.models import Attempt
from support.actions.kept_input import NOTHING, Typed
from support.desk.conversation import conversation
from support.desk.dashboard import person
from support.desk.reply_context import messages_of
from support.diagnosis import facts, similar_accounts
from support.diagnosis.findings import plain
from support.labels import describe_event, sentence
from support.models import the_desk
from support.tickets.queue import open_ticket_of

LINES = 100
ATTEMPTS = 30
NOTED_AGAIN_AFTER = timedelta(minutes=10)
VOICES = [*Voice.values, "shown"]


def card(
    account: Account, viewer: Account, only: str = "", again: Typed = NOTHING, *, whole_thread: bool = False
) -> dict:
    """Template context of an account's page; `only` filters the audit log. The look itself is logged."""
    note_look(account, viewer)
    mates = facts.mates_of(account)
    known = facts.facts_of(account, mates=mates)
    ticket = open_ticket_of(account)
    tries = {step: Attempt.objects.filter(step=step).order_by("-ended_at")[:ATTEMPTS] for step in known.steps}
    return person(known, ticket, viewer, again, messages_of(ticket), the_desk()) | {
        "steps": [{"step": step, "what": plain(step.kind), "tries": list(tries[step])} for step in known.steps],
        "diary": diary(account, only),
        "only": only if only in VOICES else "",
        "proofs": proofs(account),
        "mates": mates,
        "near": similar_accounts.near_misses(account.email),
        "typed_near": similar_accounts.typed_near(account),
        "spoken": spoken(account),
        "thread": conversation(account, ticket, viewer, known.steps, whole=whole_thread),
    }


def spoken(account: Account) -> str:
    """Language of their letters where it is not English; a code that stands for none is shown as it is."""
    try:
        return "" if account.language == "en" else get_language_info(account.language)["name_translated"]
    except KeyError:
        return account.language


def note_look(account: Account, viewer: Account) -> None:
    """Log that the viewer looked at the account, in its audit log; once in ten minutes is enough."""
    recent = Event.objects.filter(account=account, at__gt=Now() - NOTED_AGAIN_AFTER)
    if not recent.filter(kind=EventKind.LOOKED_AT, actor=viewer).exists():
        Event.objects.create(account=account, voice=Voice.SUPPORT, kind=EventKind.LOOKED_AT, actor=viewer)


def diary(account: Account, only: str) -> list[dict]:
    """Audit log of an account, newest first.

    `only` is one voice, or “shown” for the entries with a sentence that they were shown.
    """
    events = facts.events_of(account)
    if only in Voice.values:
        events = events.filter(voice=only)
    elif only == "shown":
        events = events.exclude(shown="")
    return [
        {"event": event, "words": describe_event(event), "shown": sentence(event.shown)} for event in events[:LINES]
    ]


def proofs(account: Account) -> dict:
    """Proofs of identity: mailbox, password, and the browsers that signed up."""
    return {
        "mailbox": account.mailbox_proven_at,
        "password": account.last_login,
        "browsers": SignupClaim.objects.filter(account=account, proven=True).order_by("-seen_at")[:5],
    }
