"""The desk's locks: a second step by one-time code, and out when nobody has clicked for a while."""

from base64 import b32encode

import django_otp
import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account

SEEN = "desk_seen"


class CodeForm(forms.Form):
    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=gettext_lazy("The six digits that your app shows"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"invalid": gettext_lazy("Type the six digits.")},
    )


def is_staff(user) -> bool:
    return user.is_active and user.is_staff


def needs_second_step(user) -> bool:
    return settings.DESK_REQUIRES_TOTP and is_staff(user) and not user.is_verified()


def too_long_idle(request) -> bool:
    """Whether this session's last click at the desk is too old; else notes this one."""
    limit = settings.DESK_IDLE_MINUTES * 60
    now = timezone.now().timestamp()
    last = request.session.get(SEEN)
    if last and now - last > limit:
        return True
    if not last or now - last > limit / 10:  # a write now and then, not one a page
        request.session[SEEN] = now
    return False


def ask_again(request, login_url: str):
    """Out, and back to where they were after they have logged in again."""
    logout(request)
    messages.info(request, _("Nobody clicked for a while, so the desk was locked."))
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/admin/", login_url)


@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request, site):
    if not is_staff(request.user):
        return redirect("admin:login")
    device = device_of(request.user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"].replace(" ", "").strip()):
            _let_in(request, device)
            return redirect("admin:index")
        form.add_error("code", _("That code does not fit. Wait for the next one; your clocks may differ."))
    shown = {"form": form, "title": _("Second step"), "qr": qr(device), "key": b32encode(device.bin_key).decode()}
    return TemplateResponse(request, "admin/second_step.html", site.each_context(request) | shown)


def device_of(user: Account) -> TOTPDevice:
    """Theirs, or a new one that counts once its first code was right."""
    theirs = TOTPDevice.objects.filter(user=user)
    return theirs.filter(confirmed=True).first() or theirs.first() or theirs.create(user=user, confirmed=False)


def _let_in(request, device: TOTPDevice) -> None:
    if not device.confirmed:
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        device.confirmed = True
    django_otp.login(request, device)


def qr(device: TOTPDevice) -> str:
    """The key as a picture for the app, shown only until the first right code."""
    if device.confirmed:
        return ""
    return mark_safe(segno.make(device.config_url).svg_inline(scale=5, light="#fff"))
