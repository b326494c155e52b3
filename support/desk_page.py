"""Stepping away and coming back, and the words that are owed: pages of the desk."""

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from provisioning.when import say_when
from support import away, trust
from support.happened import happened, needs_her
from support.models import TrustRepair, the_desk
from support.personal_word import second_thoughts


def urls(site):
    view = site.admin_view
    return [
        path("away/", view(require_POST(step_away)), name="step_away"),
        path("back/", view(require_POST(come_back)), name="come_back"),
        path("words/", view(require_safe(words)), name="words"),
        path("words/<int:pk>/", view(require_POST(send_word)), name="send_word"),
    ]


def _refused(request, permission: str) -> bool:
    if request.user.has_perm(permission):
        return False
    messages.error(request, _("You may look, but not do this."))
    return True


def step_away(request):
    if not _refused(request, "support.add_away"):
        now, desk = timezone.now(), the_desk()
        row = away.step_away(now)
        away.word_status(now)
        back = say_when(row.until, now, desk.zone) if row.until else _("on no known date")
        messages.success(request, _("You are away; people are told that you are back %(back)s.") % {"back": back})
    return redirect("admin:index")


def come_back(request):
    """What happened meanwhile is said once, on the way back in."""
    if not _refused(request, "support.add_away"):
        now, desk = timezone.now(), the_desk()
        since = away.come_back(now)
        away.word_status(now)
        for line in happened(since, now, desk) + needs_her(now, desk) or [_("Nothing happened that needs telling.")]:
            messages.info(request, line[:1].upper() + line[1:])
    return redirect("admin:index")


def words(request):
    rows = [(repair, second_thoughts(repair.words)) for repair in trust.words_owed()[:50]]
    shown = {"title": _("Who is owed a word"), "rows": rows, "offer": the_desk().offer}
    return render(request, "admin/words.html", admin.site.each_context(request) | shown)


def send_word(request, pk):
    repair = get_object_or_404(TrustRepair, pk=pk)
    text = request.POST.get("words", "").strip()
    if _refused(request, "support.change_trustrepair"):
        return redirect("admin:words")
    if not text:
        messages.error(request, _("There are no words in it."))
    elif trust.send_word(repair, request.user, text, request.POST.get("restitution", "")[:500], timezone.now()):
        messages.success(request, _("Your word to %(name)s is on its way.") % {"name": repair.account.name})
    else:
        messages.error(request, _("A word was sent before; one apology is enough."))
    return redirect("admin:words")
