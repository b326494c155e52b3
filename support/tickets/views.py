"""Contact form: the pages for writing to support, logged in or not."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.database.errors import DATABASE_ERRORS, if_the_database_allows, is_passing
from accounts.sentences import clock, say
from accounts.throttle import TooMany, seconds_until, spend
from provisioning.humanize import say_when
from support.business_hours import next_opening
from support.forms import ContactForm
from support.models import the_desk
from support.tickets.intake import take

LONGEST = 20_000  # characters of one field that are put back


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request):
    """Contact form: saves a message. 429 over the rate limit, 503 while the database cannot be written."""
    if request.method != "POST":
        user = request.user
        known = user.email if user.is_authenticated else request.GET.get("email", "")[:254]
        return _page(request, ContactForm(initial={"email": known}))
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        spend(request, "contact", form.cleaned_data["email"])
        take(form.cleaned_data["email"], form.cleaned_data["message"])
    except TooMany as held_back:
        page = _page(request, form, say("throttle.wait", time=clock(held_back.until)), 429)
        page["Retry-After"] = str(seconds_until(held_back.until))
        return page
    except DATABASE_ERRORS as error:
        if not is_passing(error):
            raise
        return _page(request, form, say("contact.unsaved", support=settings.SUPPORT_EMAIL), 503)
    return HttpResponseRedirect(reverse("contact_taken"))


@never_cache
def contact_again(request):
    """CSRF failure of the contact form: nothing was taken, so the form once more, as it was filled in."""
    typed = {name: request.POST.get(name, "")[:LONGEST] for name in ContactForm.base_fields}
    return _page(request, ContactForm(initial=typed), say("contact.again", support=settings.SUPPORT_EMAIL), 403)


def _page(request, form, trouble="", status=200):
    return render(request, "support/contact.html", {"form": form, "trouble": trouble, **_reader()}, status=status)


def _reader() -> dict:
    """Name of whoever reads what is written here, and when they are back; nothing of it where it is not known."""
    with if_the_database_allows():
        desk, now = the_desk(), timezone.now()
        back = next_opening(now, desk.schedule())
        here = ZoneInfo(timezone.get_current_timezone_name())
        return {"reader": desk.name, "back": say_when(back, now, here) if back else ""}
    return {}


@never_cache
def contact_taken(request):
    """Confirmation page after a message was taken."""
    return render(request, "support/contact_taken.html", {"sentence": say("contact.taken")})
