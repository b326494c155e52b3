"""The waiting room, where everybody who signed up arrives, and home."""

import dataclasses

from django.contrib.auth.decorators import login_required
from django.db.models.functions import Now
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.claims import latest_claim
from accounts.messages import clock, say
from accounts.models import Account, Event, SignupClaim, Voice
from provisioning import outages
from provisioning.kick import kick
from provisioning.models import OWED, Step
from provisioning.situation import Line, Situation, line_of, situation

# Before anything was tried: true, and the same, for a new account and for an address that was taken.
FIRST_LINES = (Line("welcome_email", "open", None), Line("workspace", "open", None))


@never_cache
@require_safe
def arriving(request):
    """Steps of this browser's sign-up, or of whoever is logged in; the visit itself starts the repair."""
    claim = None if request.user.is_authenticated else latest_claim(request)
    if not claim and not request.user.is_authenticated:
        return render(request, "provisioning/stranger.html", {"sentence": say("waiting.stranger")})
    account = claim.account if claim else request.user
    kick(account)
    account.refresh_from_db()
    if claim and not claim.proven:
        return render(request, _template(request), _claim_page(claim))
    return render(request, _template(request), _account_page(request, account, claim))


def _template(request) -> str:
    """The page, or for the script that keeps it lively only its changing part."""
    return "provisioning/_arriving.html" if request.GET.get("part") else "provisioning/arriving.html"


def look_at(account: Account) -> Situation:
    """How the account stands now, by the database's clock."""
    steps = list(Step.objects.filter(account=account, occasion="").annotate(now=Now()).order_by("pk"))
    probes = {name: row.probe_at for name, row in outages.broken_now().items() if row.probe_at}
    now = steps[0].now if steps else account.created_at
    return situation(account.status, steps, probes, now)


def _account_page(request, account: Account, claim: SignupClaim | None) -> dict:
    state = look_at(account)
    top = state.top if account.is_active else "waiting.suspended"
    if claim and top == "waiting.on_its_way":
        top = "receipt.safe"
    _note_what_they_saw(account, top)
    facts = {"email": account.email, "name": account.first_name, "reference": account.reference}
    return {
        "heading": say("receipt.heading" if claim else "home.welcome", **facts),
        "top": say(top, **facts),
        "lines": [_words(line, account.email) for line in state.lines or FIRST_LINES],
        "if_taken": say("receipt.if_taken", **facts) if top == "receipt.safe" else "",
        "next_try": _next_try(state),
        "enter_link": state.may_enter and reverse("home" if request.user.is_authenticated else "login"),
        "settled": state.settled,
    }


def _claim_page(claim: SignupClaim) -> dict:
    """What a browser may see that signed up for an address which was taken: its own claim, nothing more."""
    letters = Step.objects.filter(account=claim.account, kind="letter.already_here").order_by("-pk")
    letter = letters.filter(created_at__gte=claim.created_at).first()
    first = dataclasses.replace(line_of(letter), kind="welcome_email") if letter else FIRST_LINES[0]
    name = claim.name.split(" ")[0]
    return {
        "heading": say("receipt.heading", name=name),
        "top": say("receipt.safe"),
        "lines": [_words(line, claim.email) for line in (first, *FIRST_LINES[1:])],
        "if_taken": say("receipt.if_taken", email=claim.email),
        "next_try": "",
        "enter_link": "",
        "settled": False,
    }


def _words(line: Line, email: str) -> dict:
    step = line.kind.replace("_", " ").capitalize()
    time = clock(line.at) if line.at else ""
    return {"mark": line.mark, "sentence": say(line.key, email=email, time=time, step=step)}


def _next_try(state: Situation):
    if state.settled:
        return ""
    if state.next_try:
        return say("waiting.next_try", time=clock(state.next_try))
    return say("waiting.trying_now") if state.top == "waiting.late" else ""


def _note_what_they_saw(account: Account, top: str) -> None:
    """One diary line for each change of what the page says, not one for each look at it."""
    last = Event.objects.filter(account=account, kind="looked").order_by("-pk").first()
    if last is None or last.shown != top:
        Event.objects.create(account=account, voice=Voice.THEY, kind="looked", shown=top)


@never_cache
@login_required
@require_safe
def home(request):
    state = look_at(request.user)
    if not state.may_enter:
        return redirect("arriving")
    debts = Step.objects.filter(account=request.user, occasion="", state__in=OWED)
    notices = [_debt(step) for step in debts]
    name = request.user.first_name
    return render(request, "provisioning/home.html", {"welcome": say("home.welcome", name=name), "notices": notices})


def _debt(step: Step):
    if step.kind == "welcome_email":
        return say("home.letter_owed")
    return say("home.debt", what=step.kind.replace("_", " "))
