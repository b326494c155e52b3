"""Error pages for 403 and CSRF failures that show what was typed, so that it is not lost."""

from django.contrib import admin
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure as django_csrf_failure
from django.views.decorators.cache import never_cache

from support.actions import kept_input
from support.desk import two_factor
from support.tickets.views import contact_again

FROM_ELSEWHERE = ("Origin checking failed", "Referer checking failed")


@never_cache
def desk_refused(request, why: str):
    """403 page in the desk's layout: a sentence, what was typed, and the way back to its form."""
    if request.method == "POST":
        kept_input.keep(request, why)
    sent = request.method == "POST"
    shown: dict = {"title": _("Not done") if sent else _("You can't open this"), "why": why}
    back = kept_input.page_of(request) if sent else ""
    shown |= {"typed": kept_input.again(request).here(back) if back else [], "back": back, "typed_elsewhere": []}
    return render(request, "admin/refused.html", admin.site.each_context(request) | shown, status=403)


def csrf_failure(request, reason=""):
    """CSRF failure view (CSRF_FAILURE_VIEW): once more, without typing.

    For a form that was open while somebody logged in in another tab, or for too long.
    """
    ours = request.method == "POST" and is_from_here(request, reason)
    if ours and request.path == reverse("contact"):
        return contact_again(request)
    if ours and request.path.startswith(reverse("admin:index")) and request.path != reverse("admin:login"):
        if two_factor.is_staff(request.user) and two_factor.too_long_idle(request):
            return two_factor.ask_again(request)
        why = _("You've logged in or out elsewhere since you opened this page. Nothing was done.")
        return desk_refused(request, why)
    return once_more(request) if ours else django_csrf_failure(request, reason)


@never_cache
def once_more(request):
    """403 page for a form of the front door: what was typed in it, shown, and sent by one press.

    Passwords are typed anew.
    """
    again = {"typed": kept_input.kept_on_the_page(request), "action": request.get_full_path()}
    return render(request, "403_csrf.html", again, status=403)


def is_from_here(request, reason: str) -> bool:
    """Same-origin test, by Sec-Fetch-Site and the reason of the CSRF failure.

    What another site's page made a browser send is no word of theirs.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return site in ("same-origin", "none") and not reason.startswith(FROM_ELSEWHERE)
