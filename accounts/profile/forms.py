"""Forms of the self-service pages, with the same fields and error messages as sign-up."""

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.forms import CorrectAddressForm, NewPasswordForm, OwnPasswordForm, SignupForm, password_field
from accounts.middleware.preferences import zones
from accounts.models import Account

GIVEN = ("name", "phone", "company")


def zone_choices() -> list[tuple[str, str]]:
    """Return the choices of time zone, first the browser's."""
    return [("", str(_("Same as my browser"))), *((zone, zone.replace("_", " ")) for zone in zones())]


class DetailsForm(SignupForm):
    """Name, phone, company, language and time zone of an account."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, required=False)

    def __init__(self, account: Account, *args, **kwargs):
        known = {name: getattr(account, name) for name in (*GIVEN, "language", "zone")}
        super().__init__(*args, initial=known, **kwargs)
        del self.fields["email"], self.fields["password"]
        self.fields["language"].help_text = _("We'll also write our emails in it.")


class ChangePasswordForm(OwnPasswordForm):
    """Present password and new password."""

    new_password = password_field("new-password", _("At least 8 characters. A few words work well."))

    def __init__(self, account: Account, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["password"].label = _("Your current password")
        self.fields["new_password"].label = _("New password")

    def clean_new_password(self):
        validate_password(self.cleaned_data["new_password"], self.account)
        return self.cleaned_data["new_password"]


class MoveForm(CorrectAddressForm):
    """New e-mail address, with the password."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("Your new email address")


class FirstProofForm(NewPasswordForm):
    """New password, with the owner's details in place of what somebody, perhaps somebody else, once typed.

    The phone number is not shown: it may be a stranger's. What is left empty stays as it is.
    """

    def __init__(self, account: Account, offered: dict[str, str], *args, **kwargs):
        super().__init__(account, *args, **kwargs)
        self.offered = offered
        details = SignupForm().fields
        self.fields = {name: details[name] for name in GIVEN} | self.fields
        for name in GIVEN:
            self.fields[name].required = False
            self.fields[name].initial = "" if name == "phone" else offered[name]
        self.fields["name"].help_text = _("As it was entered at sign-up. Correct it if it isn't yours.")
        if digits := offered["phone"][-2:]:
            kept = _("Leave this empty to keep the number ending in {digits}.")
            self.fields["phone"].help_text = kept.format(digits=digits)

    def details(self) -> dict[str, str]:
        return {name: self.cleaned_data.get(name) or self.offered[name] for name in GIVEN}
