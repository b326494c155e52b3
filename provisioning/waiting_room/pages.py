"""Contents of the waiting room's page, for a proven owner of the account and for anybody else.

The second must read like the first does just after a sign-up: a stranger is not told that an address is taken.
"""

import dataclasses
from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import Account, Event, EventKind, SignupClaim, Voice
from accounts.sentences import clock, say
from accounts.text.typos import likely_address
from provisioning.engine import circuit_breaker
from provisioning.intake.pickup import pick_up
from provisioning.kinds import label_of, setup_kinds
from provisioning.models import Step
from provisioning.unknown_kinds import counted
from provisioning.waiting_room.progress import WELCOME, Line, Situation, line_of, situation

NOBODYS = "nobody's"  # an occasion that no step has
THEIR_LETTERS = ("letter.already_here", "letter.confirm_again", "letter.known")


def first_lines() -> list[Line]:
    """Lines of an account before anything was tried.

    True, and the same, for a new account and for an address that was taken.
    """
    return [Line(kind, "open", None) for kind in setup_kinds()]


def look_at(account: Account) -> Situation:
    """Situation of an account now, by the database's clock."""
    return _look_at(account, Step.objects.of_setup().filter(counted(), account=account))


def _look_at(account: Account, owed: QuerySet[Step]) -> Situation:
    steps = list(owed.annotate(now=Now()).order_by("pk"))
    probes = {name: row.probe_at for name, row in circuit_breaker.broken_now().items() if row.probe_at}
    now = steps[0].now if steps else account.created_at
    return situation(account.status, steps, probes, now)


def account_page(account: Account, claim: SignupClaim | None, logged_in: bool) -> dict:
    """Template context of the waiting room for a proven owner; what they are shown goes into the diary."""
    state = look_at(account)
    if account.asked_at and state.lines:
        # They came back: they have tries again, and read of those. A new account is left to the worker (dispatch.py).
        pick_up([account.pk])
        account.refresh_from_db()
        state = look_at(account)
    note_what_they_saw(account, _top(account, state, claim))
    lines = _with_newest_letter(account, state.lines or ([] if state.settled else first_lines()))
    return _page(account, claim, state, lines, state.may_enter and reverse("home" if logged_in else "login"))


def _page(account: Account, claim: SignupClaim | None, state: Situation, lines: Sequence[Line], enter_link) -> dict:
    top = _top(account, state, claim)
    facts = {"email": account.written_to, "name": account.first_name, "reference": account.reference}
    ready = top in ("waiting.ready", "waiting.suspended")
    needed = account.needed_by and ("needed_by" if account.needed_by > timezone.now() else "needed_passed")
    return {
        "heading": say("receipt.heading" if claim else "home.welcome", **facts),
        "top": say(top, **facts),
        "lines": [_words(line, account.written_to) for line in lines],
        "if_taken": say("receipt.if_taken", **facts) if top == "receipt.safe" else "",
        "typo": "" if account.mailbox_proven_at else _typo(account.written_to),
        "needed": "" if ready or not needed else say(f"waiting.{needed}", time=clock(account.needed_by)),
        "next_try": SimpleLazyObject(lambda: _next_try(state)),  # not said beside the notice of an outage
        "may_enter": "" if ready else _may_enter(state),
        "enter_link": account.is_active and enter_link,
        "settled": state.settled,
        "given_up": state.given_up,
        "email": account.written_to,
        "may_change": account.is_active and not account.mailbox_proven_at,
    }


def _top(account: Account, state: Situation, claim: SignupClaim | None) -> str:
    if not account.is_active:
        return "waiting.suspended"
    return "receipt.safe" if claim and state.top in ("waiting.on_its_way", "waiting.held_up") else state.top


def claim_page(claim: SignupClaim) -> dict:
    """Template context for a browser that signed up for an address which was taken: its own claim, nothing more.

    It reads and takes as long as the page of the new account that it would have been.
    """
    # The account that this sign-up would have made. It is never saved.
    new = Account(email=claim.email, name=claim.name, needed_by=claim.needed_by, created_at=claim.created_at)
    state = _look_at(new, Step.objects.filter(counted(), account=claim.account, occasion=NOBODYS))
    _last_seen(claim.account)
    letters = Step.objects.filter(account=claim.account, kind__in=THEIR_LETTERS).order_by("-pk")
    letter = letters.filter(created_at__gte=claim.created_at).first()
    return _page(new, claim, state, _with_letter(letter, first_lines()), "")


def _with_newest_letter(account: Account, lines: Sequence[Line]) -> Sequence[Line]:
    """Lines in which the welcome letter's is about the newest one.

    Once they asked for the welcome letter again, the line is about the one they wait for.
    """
    again = Step.objects.filter(account=account, kind__in=THEIR_LETTERS[1:]).order_by("-pk").first()
    has_gone = any(line.kind == WELCOME and line.mark == "done" for line in lines)
    return _with_letter(again if has_gone else None, lines)


def _with_letter(letter: Step | None, lines: Sequence[Line]) -> Sequence[Line]:
    """Lines in which the one about the welcome letter tells of this letter instead."""
    newest = dataclasses.replace(line_of(letter), kind=WELCOME) if letter else None
    return [newest if newest and line.kind == WELCOME else line for line in lines]


def _words(line: Line, email: str) -> dict:
    label = label_of(line.kind)
    time = clock(line.at) if line.at else ""
    return {"mark": line.mark, "sentence": say(line.key, email=email, time=time, step=label[:1].upper() + label[1:])}


def _may_enter(state: Situation):
    """Sentence for those who may enter.

    Not for who was let in with a debt: to them the line above says that the workspace is late.
    """
    rest = [line.mark for line in state.lines if line.kind != WELCOME]
    return say("waiting.may_enter") if rest and set(rest) == {"done"} else ""


def _typo(email: str):
    meant = likely_address(email)
    return say("signup.typo", email=email, meant=meant) if meant else ""


def _next_try(state: Situation):
    if state.settled or state.given_up:
        return ""
    if state.next_try:
        return say("waiting.next_try", time=clock(state.next_try))
    return say("waiting.trying_now") if state.top == "waiting.late" else ""


def note_what_they_saw(account: Account, top: str) -> None:
    """Note in the diary what the page says, once for each change of it, not for each look at it.

    What a receipt says at first goes without saying: the sign-up is in the diary.
    """
    last = _last_seen(account)
    if (last.shown if last else "receipt.safe") != top:
        Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.LOOKED, shown=top)


def _last_seen(account: Account) -> Event | None:
    return Event.objects.filter(account=account, kind=EventKind.LOOKED).order_by("-pk").first()
