"""The forms of the front door. Each refusal is a sentence that says what to change."""

import re
import unicodedata

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, normal_email

LONGEST_PASSWORD = 1000


def one_line(value: str) -> None:
    """Line breaks and other control characters have no place in a name (nor in a letter's header)."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise ValidationError(_("Please use one line without control characters."))


def readable(value: str) -> None:
    if not any(unicodedata.category(character)[0] in "LNS" for character in value):
        raise ValidationError(_("Please use at least one letter."))


def phone_number(value: str) -> None:
    digits = re.sub(r"\D", "", value)
    if not re.fullmatch(r"[\d\s+()./#*extEXT-]+", value) or not 5 <= len(digits) <= 20:
        raise ValidationError(_("Please give a phone number with its digits, like +44 20 7946 0000."))


def email_field() -> forms.EmailField:
    return forms.EmailField(
        label=_("Work e-mail"),
        max_length=254,
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter an e-mail address like name@example.com."),
            "max_length": _("This address is longer than mail allows (254 characters)."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )


def line_field(label, required_words, longest: int, autocomplete: str) -> forms.CharField:
    too_long = _("Please shorten this to %(limit_value)d characters (it has %(show_value)d).")
    return forms.CharField(
        label=label,
        max_length=longest,
        validators=[one_line],
        error_messages={"required": required_words, "max_length": too_long},
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


def password_field(autocomplete: str, help_text="") -> forms.CharField:
    return forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        help_text=help_text,
        error_messages={
            "required": _("Enter your password."),
            "max_length": _("A password may have up to %(limit_value)d characters."),
        },
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class SignupForm(forms.Form):
    name = line_field(_("Your name"), _("Enter your name."), 300, "name")
    email = email_field()
    phone = line_field(_("Phone"), _("Enter a phone number."), 40, "tel")
    company = line_field(_("Company"), _("Enter the name of your company."), 300, "organization")
    password = password_field("new-password", _("At least 8 characters. A few words are good."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["phone"].help_text = _("We call only if our e-mail cannot reach you.")
        self.fields["phone"].widget.input_type = "tel"
        self.fields["phone"].validators.append(phone_number)
        self.fields["name"].validators.append(readable)
        self.fields["company"].validators.append(readable)

    def clean_email(self):
        return normal_email(self.cleaned_data["email"])

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        if "password" in cleaned:
            person = Account(**{key: cleaned.get(key, "") for key in ("name", "email", "phone", "company")})
            self._check_password(cleaned["password"], person)
        return cleaned

    def _check_password(self, password: str, person: Account) -> None:
        try:
            validate_password(password, person)
        except ValidationError as error:
            self.add_error("password", error)


class AddressForm(forms.Form):
    email = email_field()

    def clean_email(self):
        return normal_email(self.cleaned_data["email"])


class LoginForm(AddressForm):
    password = password_field("current-password")


class NewPasswordForm(forms.Form):
    """For an account whose mailbox is proven by the link that leads here."""

    password = password_field("new-password", _("At least 8 characters. A few words are good."))

    def __init__(self, account: Account, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["password"].label = _("New password")

    def clean_password(self):
        validate_password(self.cleaned_data["password"], self.account)
        return self.cleaned_data["password"]


class OwnPasswordForm(forms.Form):
    """Typed once more before something that cannot be taken back."""

    password = password_field("current-password")


class CorrectAddressForm(LoginForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("The right e-mail address")
