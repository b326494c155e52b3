"""Views for the agent's availability (stepping away, coming back), and for the apologies that are owed."""

from datetime import datetime, timedelta

from django import forms
from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from provisioning.humanize import say_when
from provisioning.models import Outage
from support.actions import authorization, kept_input
from support.digests.activity import happened, needs_her
from support.models import Desk, TrustRepair, the_desk
from support.service_level import availability
from support.tickets.outbox import UNDO_FOR
from support.trust import apologies, bulk_words
from support.trust.apology_draft import wording_warnings

WORDS_SENT = "words_sent"
LATELY = timedelta(days=14)


class WordForm(forms.Form):
    """Form for an apology that is owed.

    What was offered is for our record; its label is not for the person.
    """

    words = forms.CharField(
        label=gettext_lazy("Your note, as it will be sent"), widget=forms.Textarea(attrs={"rows": 15})
    )
    restitution = forms.CharField(
        label=gettext_lazy("What you offered, for our records"), max_length=500, required=False
    )


def urls(site):
    """URL patterns of these views, wrapped in the admin site's access checks."""
    view = site.admin_view
    return [
        path("away/", view(require_POST(step_away)), name="step_away"),
        path("back/", view(require_POST(come_back)), name="come_back"),
        path("words/", view(require_safe(words)), name="words"),
        path("words/<int:pk>/", view(require_POST(send_word)), name="send_word"),
        path("words/<int:pk>/back/", view(require_POST(take_word_back)), name="take_word_back"),
        path("words/of/<int:outage>/", view(require_POST(send_words)), name="send_words"),
        path("words/of/<int:outage>/back/", view(require_POST(take_words_back)), name="take_words_back"),
    ]


def step_away(request):
    """Set the agent as away until the next working day, and say what people are told."""
    now, desk = timezone.now(), the_desk()
    row = availability.step_away(now)
    availability.word_status(now)
    back = say_when(row.until, now, desk.zone) if row.until else _("at a date not yet known")
    messages.success(request, _("You're away; people are told you'll be back %(back)s.") % {"back": back})
    return redirect("admin:index")


def come_back(request):
    """Set the agent as back at work, with a summary, once, of what happened meanwhile."""
    now, desk = timezone.now(), the_desk()
    since = availability.come_back(now)
    availability.word_status(now)
    for line in happened(since, now, desk) + needs_her(now, desk) or [_("Nothing you need to know about.")]:
        messages.info(request, line[:1].upper() + line[1:])
    return redirect("admin:index")


def words(request):
    """Page of the apologies that are owed: the first fifty, each with its draft.

    Whoever wrote and waits for a reply has theirs in the draft of that: one draft a person.
    """
    again, desk, owed, now = kept_input.again(request), the_desk(), list(apologies.words_owed()[:50]), timezone.now()
    tickets = bulk_words.with_their_own_reply().filter(account__in=[repair.account_id for repair in owed])
    asked = dict(tickets.values_list("account", "pk"))
    for repair in owed:
        repair.words = apologies.words_now(repair, desk, now)
    rows = [(repair, *_words_of(repair, again, desk, asked.get(repair.account_id))) for repair in owed]
    shown = {
        "title": _("Who is owed a word"),
        "rows": rows,
        "groups": bulk_words.groups(now),
        "back": _taken_back_at(request),
        "lately": TrustRepair.objects.filter(sent_at__gt=now - LATELY, level=TrustRepair.Level.PERSONAL)
        .select_related("account")
        .order_by("-sent_at")[:10],
    }
    return render(request, "admin/words.html", admin.site.each_context(request) | shown)


def _taken_back_at(request) -> str:
    """URL at which what was sent within the last seconds is taken back; empty if that is over."""
    sent = request.session.get(WORDS_SENT)
    if not sent or timezone.now() - datetime.fromisoformat(sent["at"]) >= UNDO_FOR:
        return ""
    if "outage" in sent:
        return reverse("admin:take_words_back", args=[sent["outage"]])
    return reverse("admin:take_word_back", args=[sent["repair"]])


def send_words(request, outage):
    """Send everybody of an outage their note. It waits for a moment, in which it can be taken back."""
    now = timezone.now()
    number = bulk_words.send(get_object_or_404(Outage, pk=outage), request.user, now)
    if number:
        request.session[WORDS_SENT] = {"outage": outage, "at": now.isoformat(), "people": number}
        said = ngettext("%(n)s note will go out in ten seconds.", "%(n)s notes will go out in ten seconds.", number)
        messages.success(request, said % {"n": number})
    else:
        messages.error(request, _("Nobody in this outage is owed a word any longer."))
    return redirect("admin:words")


def take_words_back(request, outage):
    """Take back the notes that one press has just sent, as far as they have not gone out."""
    sent = request.session.pop(WORDS_SENT, {})
    at = datetime.fromisoformat(sent["at"]) if sent.get("outage") == outage else timezone.now()
    return _take_back(request, bulk_words.sent_by(get_object_or_404(Outage, pk=outage), at))


def take_word_back(request, pk):
    """Take back the note that has just been sent, if it has not gone out; its words are there again."""
    sent = request.session.pop(WORDS_SENT, {})
    repairs = TrustRepair.objects.filter(pk=pk) if sent.get("repair") == pk else TrustRepair.objects.none()
    return _take_back(request, repairs)


def _take_back(request, sent):
    number = apologies.take_back(sent, request.user)
    if number:
        said = ngettext("%(n)s note was not sent.", "%(n)s notes were not sent.", number) % {"n": number}
        messages.success(request, said)
    else:
        messages.error(request, _("Too late: it has gone out."))
    return redirect("admin:words")


def _words_of(
    repair: TrustRepair, again: kept_input.Typed, desk: Desk, ticket: int | None
) -> tuple[WordForm, list[str], int | None]:
    """Form with the draft of an apology, or with the agent's version of it, and the warnings about its wording.

    Last, the ticket whose reply holds it instead, unless something was typed here.
    """
    mine = again.into(WordForm, kept_input.place(reverse("admin:send_word", args=[repair.pk])))
    form = WordForm(initial={"words": repair.words, "restitution": desk.offer, **mine}, auto_id=f"%s-{repair.pk}")
    return form, wording_warnings(form["words"].value()), None if mine else ticket


@kept_input.on(lambda request, pk: reverse("admin:words"))
def send_word(request, pk):
    """Send the agent's apology. One is enough: a second is refused, and what was typed is kept."""
    repair = get_object_or_404(TrustRepair.objects.select_related("account"), pk=pk)
    authorization.refuse_the_house(request.user, repair.account)
    text = request.POST.get("words", "").strip()
    if not text:
        messages.error(request, _("It's empty. Write something first."))
        kept_input.keep(request, _("It's empty. Write something first."))
    elif apologies.send_word(repair, request.user, text, request.POST.get("restitution", "")[:500], timezone.now()):
        request.session[WORDS_SENT] = {"repair": pk, "at": timezone.now().isoformat()}
        messages.success(
            request, _("Your note to %(name)s will go out in ten seconds.") % {"name": repair.account.name}
        )
    else:
        messages.error(request, _("A note has already been sent; one apology is enough."))
        kept_input.keep(request, _("A note has already been sent; one apology is enough."))
    return redirect("admin:words")
