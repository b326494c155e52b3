"""Writing to us, logged in or not."""

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.away import DATABASE_ERRORS, is_passing
from accounts.messages import say
from accounts.throttle import spend
from support.contact import take
from support.forms import ContactForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request):
    if request.method != "POST":
        return _page(request, ContactForm(initial={"email": _known_address(request)}))
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        spend(request, "contact", form.cleaned_data["email"])
        take(form.cleaned_data["email"], form.cleaned_data["message"])
    except DATABASE_ERRORS as error:
        if not is_passing(error):
            raise
        return _page(request, form, trouble=say("contact.unsaved", support=settings.SUPPORT_EMAIL))
    return HttpResponseRedirect(reverse("contact_taken"))


def _known_address(request) -> str:
    return request.user.email if request.user.is_authenticated else request.GET.get("email", "")[:254]


def _page(request, form, trouble=""):
    return render(request, "support/contact.html", {"form": form, "trouble": trouble}, status=503 if trouble else 200)


@never_cache
def contact_taken(request):
    return render(request, "support/contact_taken.html", {"sentence": say("contact.taken")})
