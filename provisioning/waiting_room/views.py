"""Views of the waiting room, at which everybody who signed up arrives, and of the home page."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import onward
from accounts.claims import latest_claim
from accounts.sentences import say
from provisioning.dispatch import kick
from provisioning.kinds import label_of
from provisioning.models import State, Step
from provisioning.unknown_kinds import counted
from provisioning.waiting_room.pages import account_page, claim_page, look_at


@never_cache
@require_safe
def arriving(request):
    """Waiting room for this browser's sign-up, or for the person logged in; the visit itself starts the repair."""
    claim = None if request.user.is_authenticated else latest_claim(request)
    if not claim and not request.user.is_authenticated:
        return render(request, "provisioning/stranger.html", {"sentence": say("waiting.stranger")})
    account = claim.account if claim else request.user
    if claim and not claim.proven:
        page = claim_page(claim)
    else:
        page = account_page(account, claim, logged_in=request.user.is_authenticated)
    answer = _answer(request, page | _onward(request, page))
    kick(account)  # last, so that what it begins does not slow the page down
    return answer


def _onward(request, page: dict) -> dict:
    """Way on for who may enter and was going somewhere when they came here: they need press nothing."""
    to = onward.where_to(request) if page["enter_link"] else ""
    return {"enter_link": to, "onward": to} if to else {}


def _answer(request, context: dict):
    """Response with the page, or for the script that keeps it lively with its changing part only (ETag).

    Nothing if that is the same.
    """
    if not request.GET.get("part"):
        if context.get("onward"):
            return redirect(context["onward"])
        return render(request, "provisioning/arriving.html", context)
    part = render(request, "provisioning/_arriving.html", context)
    etag = '"' + salted_hmac("provisioning.part", part.content, algorithm="sha256").hexdigest()[:32] + '"'
    part["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=part)


@never_cache
@login_required
@require_safe
def home(request):
    """Home page, once they may enter, with a notice of each set-up step that is still owed or was given up."""
    state = look_at(request.user)
    if not state.may_enter:
        return redirect("arriving")
    debts = Step.objects.of_setup().unpaid().filter(counted(), account=request.user)
    notices = [_debt(step) for step in debts.order_by("pk")]
    name = request.user.first_name
    facts = {"welcome": say("home.welcome", name=name), "notices": notices, "home_url": settings.HOME_URL}
    return render(request, "provisioning/home.html", facts)


def _debt(step: Step):
    if step.kind != "welcome_email":
        return say("home.debt", what=label_of(step.kind))
    dead = step.state == State.DEAD
    return say("home.bounced" if dead else "home.letter_owed", email=step.account.written_to)
