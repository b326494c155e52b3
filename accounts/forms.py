"""Forms of sign-up, login and password reset. Each error message says what to change."""

import unicodedata
from urllib.parse import unquote

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import LONGEST_PHONE, Account
from accounts.text import unicode
from accounts.text.addresses import check_address, normal_email
from accounts.validators import check_length

TOO_LONG = _("Please shorten this to %(limit_value)d characters (it has %(show_value)d).")


def one_line(value: str) -> None:
    """Validator: no line breaks and other control characters in a name (nor in a letter's header)."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise ValidationError(_("Please keep this to one line, without control characters."))


def readable(value: str) -> None:
    """Validator: at least one letter, number or symbol."""
    if not any(unicodedata.category(character)[0] in "LNS" for character in value):
        raise ValidationError(_("Please use at least one letter."))


class AddressField(forms.CharField):
    """Form field for an e-mail address however it was pasted, normalised to the form in which we keep it."""

    default_validators = [check_address]

    def to_python(self, value):
        return normal_email(super().to_python(value) or "")


class PhoneField(forms.CharField):
    """Form field for a phone number as an address book or a tel: link gives it: kept readable, never judged."""

    def to_python(self, value):
        number = unicode.on_one_line(unicode.in_our_digits(unicode.folded(super().to_python(value) or "")))
        return unquote(number[4:]).strip() if number[:4].lower() == "tel:" else number


def email_field() -> forms.CharField:
    """Return the field for an e-mail address."""
    return AddressField(
        label=_("Work email"),
        error_messages={"required": _("Enter your email address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )


def phone_field() -> forms.CharField:
    """Return the field for a phone number."""
    return PhoneField(
        label=_("Phone"),
        max_length=LONGEST_PHONE,
        help_text=_("We'll only call if we can't reach you by email."),
        error_messages={"required": _("Enter a phone number."), "max_length": TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )


def line_field(label, required_words, longest: int, autocomplete: str) -> forms.CharField:
    """Return a one-line text field of at most `longest` characters."""
    return forms.CharField(
        label=label,
        max_length=longest,
        validators=[one_line],
        error_messages={"required": required_words, "max_length": TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


def password_field(autocomplete: str, help_text="") -> forms.CharField:
    """Return a password field that keeps blanks at the ends."""
    return forms.CharField(
        label=_("Password"),
        strip=False,
        validators=[check_length],
        help_text=help_text,
        error_messages={"required": _("Enter your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class SignupForm(forms.Form):
    """Sign-up form. Its password is validated against the other fields."""

    name = line_field(_("Your name"), _("Enter your name."), 300, "name")
    email = email_field()
    phone = phone_field()
    company = line_field(_("Company"), _("Enter your company's name."), 300, "organization")
    password = password_field("new-password", _("At least 8 characters. A few words work well."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(readable)
        self.fields["company"].validators.append(readable)

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        if "password" in cleaned:
            person = Account(**{key: cleaned.get(key, "") for key in ("name", "email", "phone", "company")})
            try:
                validate_password(cleaned["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class AddressForm(forms.Form):
    """Form that asks for an e-mail address only."""

    email = email_field()


class LoginForm(AddressForm):
    """Login form: e-mail address and password."""

    password = password_field("current-password")


class NewPasswordForm(forms.Form):
    """New password for an account whose mailbox is proven by the link that leads here."""

    password = password_field("new-password", _("At least 8 characters. A few words work well."))

    def __init__(self, account: Account, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["password"].label = _("New password")

    def clean_password(self):
        validate_password(self.cleaned_data["password"], self.account)
        return self.cleaned_data["password"]


class OwnPasswordForm(forms.Form):
    """Re-authentication: the password typed once more before something that cannot be taken back."""

    password = password_field("current-password")


class CorrectAddressForm(LoginForm):
    """Correction of a mistyped address, with the password."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("The right email address")
