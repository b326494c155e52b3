"""Saved replies: their facts are filled in, and they are put into the reply that is being written."""

import re
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import Account
from provisioning.models import OWED
from support.actions import kept_input
from support.actions.page_state import sealed_for, unseal_old
from support.actions.views import page_of
from support.diagnosis.facts import facts_of
from support.diagnosis.findings import Facts
from support.labels import clock_words
from support.models import SavedReply

FACT = re.compile(r"\{(\w+)\}")
SENTENCE = re.compile(r".*?(?:[.!?]+(?=\s|$)|\n|$)[^\S\n]*")


def urls(site):
    """URL pattern of the view, for the desk's site."""
    return [path("saved-replies/insert/", site.admin_view(insert), name="insert_saved")]


def insert_page(request) -> str:
    """Page on which the reply is being written."""
    return page_of(request, "reply")


@kept_input.on(insert_page)
@require_POST
def insert(request):
    """Put a saved reply into the form of a reply: instead of the untouched draft, else below what was typed."""
    saved = get_object_or_404(SavedReply, pk=_number(request.POST.get("saved", "")))
    token = request.POST.get("seen", "")
    if sealed_for(token) != str(request.user.pk):
        raise SuspiciousOperation("a form that this desk did not make")
    state = unseal_old(token).state
    account = Account.objects.filter(pk=state["account"]).first() if state.get("account") else None
    words = fill(saved.body, facts_for(account))
    typed, draft = request.POST.get("body", "").strip(), request.POST.get("draft", "").strip()
    same = " ".join(typed.split()) in ("", " ".join(draft.split()))
    fields = {"body": words if same else f"{typed}\n\n{words}"}
    if request.POST.get("then_close"):
        fields["then_close"] = "on"
    place = kept_input.place(reverse("admin:press", args=["reply"]), state)
    kept_input.put(request, kept_input.entry(place, insert_page(request), fields, str(request.user.pk)))
    return redirect(insert_page(request))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def facts_for(account: Account | None) -> dict[str, str]:
    """Facts that a saved reply may name, for one person; those that are not known are missing."""
    facts = {"login": f"{settings.SITE_URL}/login/"}
    if account:
        known = {"name": account.called, "next_try": next_try(facts_of(account))}
        facts |= {name: words for name, words in known.items() if words}
    return facts


def next_try(facts: Facts) -> str:
    """Time of the next try of what is still owed to somebody, in words; empty if nothing is, or it is tried now."""
    owed = [step for step in facts.setup if step.state in OWED]
    probes = [facts.services[step.dependency].probe_at for step in owed if facts.is_down(step.dependency)]
    dues = [step.due_at for step in owed if not facts.is_down(step.dependency)]
    ahead = [moment for moment in (*probes, *dues) if moment and moment > timezone.now()]
    return clock_words(min(ahead)) if ahead else ""


def fill(body: str, facts: Mapping[str, str]) -> str:
    """Text with its facts filled in.

    Without a name nobody is called by it; any other missing fact drops its sentence.
    """
    if "name" not in facts:
        body = re.sub(r"\s*\{name\}", "", body)
    kept = [sentence for sentence in SENTENCE.findall(body) if set(FACT.findall(sentence)) <= set(facts)]
    text = FACT.sub(lambda found: facts[found[1]], "".join(kept))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
