"""Two-factor login of the desk by one-time code (TOTP, RFC 6238), and its idle timeout."""

from base64 import b32encode

import django_otp
import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Event, EventKind, Voice
from support.actions import kept_input
from support.desk import recovery_codes
from support.tickets.outbox import write

SEEN = "desk_seen"
ENROLLING = "desk_enrolling"  # the row of the key that this session was shown, and nobody else
NEW_PHONE = "desk_new_phone"  # a recovery code was typed in this session, and the app is gone


class CodeForm(forms.Form):
    """Form for a one-time code of six digits."""

    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=gettext_lazy("The six digits your app shows"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"invalid": gettext_lazy("Enter the six digits.")},
    )

    def clean_code(self) -> str:
        return self.cleaned_data["code"].replace(" ", "").strip()


class RecoveryCodeForm(forms.Form):
    """Form for a recovery code, for somebody who has the app not at hand or no more."""

    recovery_code = forms.CharField(
        label=gettext_lazy("A recovery code"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    new_phone = forms.BooleanField(label=gettext_lazy("I've lost my phone or app: show me a new key"), required=False)


def is_staff(user) -> bool:
    """True for an active member of staff."""
    return user.is_active and user.is_staff


def needs_second_step(user) -> bool:
    """True for a member of staff who has yet to pass the second factor, where the setting asks for one."""
    return settings.DESK_REQUIRES_TOTP and is_staff(user) and not user.is_verified()


def too_long_idle(request) -> bool:
    """Idle timeout: true if this session's last click at the desk is too old; else notes this one."""
    limit = settings.DESK_IDLE_MINUTES * 60
    now = timezone.now().timestamp()
    last = request.session.get(SEEN)
    if last and now - last > limit:
        return True
    if not last or now - last > limit / 10:  # a write now and then, not one a page
        request.session[SEEN] = now
    return False


def ask_again(request):
    """Log out for idleness; the next login leads back to the same page, with what was typed there."""
    words, before = kept_input.gather(request), kept_input.stored(request)
    logout(request)
    kept_input.store(request, before)
    kept_input.put(request, words)
    messages.info(request, _("Nobody clicked anything for a while, so the desk was locked."))
    return to_login(request)


def to_login(request):
    """Redirect to the login, which leads back to the page of this request."""
    return redirect_to_login(kept_input.page_of(request), reverse("admin:login"))


@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request, site):
    """View of the second factor: takes a one-time code or a recovery code, and enrols a device where none counts."""
    if not is_staff(request.user):
        return redirect("admin:login")
    if request.method == "POST" and "recovery_code" in request.POST:
        return _by_recovery_code(request, site)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = fits(request, form.cleaned_data["code"])
        if device:
            return _let_in(request, site, device)
        _note(request.user, EventKind.SECOND_STEP_REFUSED)
        form.add_error("code", _("That code isn't right. Wait for the next one; your phone's clock may be off."))
    return _ask_for_code(request, site, form, RecoveryCodeForm())


def _ask_for_code(request, site, form: CodeForm, by_code: RecoveryCodeForm):
    device = device_of(request)
    shown = {"form": form, "title": _("Second step"), "by_code": by_code if device.confirmed else None}
    if not device.confirmed:
        shown |= {"qr": qr(device), "key": b32encode(device.bin_key).decode()}
    return TemplateResponse(request, "admin/second_step.html", site.each_context(request) | shown)


def confirmed_device(user: Account) -> TOTPDevice | None:
    """TOTP device with which a user has set up two-factor login, if any."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def device_of(request) -> TOTPDevice:
    """TOTP device of this session: the confirmed one, else the key that this session was shown, else a new one.

    A new key takes the place of anybody else's: whoever else knows the password is shown another key, and the one
    shown before is worth nothing any more.
    """
    known = None if request.session.get(NEW_PHONE) else confirmed_device(request.user)
    begun = TOTPDevice.objects.filter(user=request.user, confirmed=False)
    known = known or begun.filter(pk=request.session.get(ENROLLING)).first()
    if known:
        return known
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=request.user.pk)
        begun.delete()
        made = TOTPDevice.objects.create(user=request.user, confirmed=False)
    request.session[ENROLLING] = made.pk
    return made


def fits(request, code: str) -> TOTPDevice | None:
    """TOTP device, if the code was right for it. Its row is locked meanwhile, so that one code opens once."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(pk=device_of(request).pk).first()
        return device if device and device.verify_token(code) else None


def _let_in(request, site, device: TOTPDevice):
    if device.confirmed:
        _note(request.user, EventKind.SECOND_STEP_PASSED)
        django_otp.login(request, device)
        return redirect(kept_input.again(request).page or "admin:index")
    return _confirm(request, site, device)


def _confirm(request, site, device: TOTPDevice):
    """Confirm a new TOTP key: from now on it counts and no other; its recovery codes are shown, once."""
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=request.user.pk)
        another = None if request.session.get(NEW_PHONE) else confirmed_device(request.user)
        if another is None:
            TOTPDevice.objects.filter(user=request.user).exclude(pk=device.pk).delete()
            confirmed = TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
            if confirmed:
                _tell_of_new_key(request.user, device)
    if another or not confirmed:  # somebody else with the password was faster
        return redirect("admin:second_step")
    device.confirmed = True
    request.session.pop(ENROLLING, None)
    request.session.pop(NEW_PHONE, None)
    django_otp.login(request, device)
    return _show_codes(request, site)


def _tell_of_new_key(user: Account, device: TOTPDevice) -> None:
    """Warn a user by e-mail that a new TOTP key was set up (ASVS 6.3.7).

    Somebody who has the password alone may have been faster than the user.
    """
    _note(user, EventKind.SECOND_STEP_SET_UP)
    body = _(
        "Hello,\n\nThe desk's second step has been set up again for you: from now on it asks for codes from the app "
        "with the new key, and your earlier recovery codes no longer work.\n\nIf that wasn't you, somebody knows "
        "your password: choose a new one now, and ask whoever runs the platform to end your sessions."
    )
    write(user.email, _("The desk's second step has been set up again for you"), body, f"second step {device.pk}")


def _note(user: Account, kind: str) -> None:
    Event.objects.create(account=user, voice=Voice.THEY, kind=kind)


def _by_recovery_code(request, site):
    by_code, device = RecoveryCodeForm(request.POST), confirmed_device(request.user)
    if by_code.is_valid() and device and recovery_codes.use(request.user, by_code.cleaned_data["recovery_code"]):
        _note(request.user, EventKind.RECOVERY_CODE_USED)
        left = recovery_codes.left(request.user)
        words = ngettext("%(n)s recovery code is left.", "%(n)s recovery codes are left.", left) % {"n": left}
        messages.warning(request, _("That code is now used up. %(left)s") % {"left": words})
        if by_code.cleaned_data["new_phone"]:
            request.session[NEW_PHONE] = True
            return redirect("admin:second_step")
        django_otp.login(request, device)
        return redirect(kept_input.again(request).page or "admin:index")
    if by_code.is_valid():
        _note(request.user, EventKind.SECOND_STEP_REFUSED)
        by_code.add_error("recovery_code", _("That isn't one of your codes, or it has been used already."))
    return _ask_for_code(request, site, CodeForm(), by_code)


@require_http_methods(["GET", "POST"])
def codes_page(request, site):
    """View of the recovery codes: the number that is left; new ones for a one-time code of the app."""
    device = confirmed_device(request.user)
    if device is None:
        return redirect("admin:second_step")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if fits(request, form.cleaned_data["code"]):
            return _show_codes(request, site)
        form.add_error("code", _("That code isn't right. Wait for the next one; your phone's clock may be off."))
    shown = {"form": form, "left": recovery_codes.left(request.user), "title": _("Recovery codes")}
    return TemplateResponse(request, "admin/recovery_codes.html", site.each_context(request) | shown)


def _show_codes(request, site):
    codes = recovery_codes.make_anew(request.user)
    shown = {"codes": codes, "title": _("Recovery codes"), "onward": kept_input.again(request).page}
    return TemplateResponse(request, "admin/recovery_codes.html", site.each_context(request) | shown)


def qr(device: TOTPDevice) -> str:
    """QR code (SVG) of a TOTP key, for the app."""
    return mark_safe(segno.make(device.config_url).svg_inline(scale=5, light="#fff"))
