"""Form for one imported person: the fields of the sign-up, and what only another system knows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.forms import AddressField, PhoneField, one_line, readable
from accounts.models import LONGEST_PHONE
from accounts.passwords.old_hashes import Unreadable, can_be_checked, work_of
from provisioning.workspaces.answer import LONGEST_ID

ACTIVE, UNFINISHED, SUSPENDED = "active", "unfinished", "suspended"
STATUSES = (ACTIVE, UNFINISHED, SUSPENDED)


class When(forms.CharField):
    """Form field for a date or a time in ISO 8601; without a zone it is UTC."""

    def to_python(self, value: Any) -> datetime | None:  # type: ignore[override]
        typed = super().to_python(value)
        if not typed:
            return None
        try:
            day, moment = parse_date(typed), parse_datetime(typed)
        except ValueError:
            day, moment = None, None
        found = moment or (datetime(day.year, day.month, day.day) if day else None)
        if found is None:
            raise ValidationError("write a date like 2024-05-31")
        aware = found if timezone.is_aware(found) else found.replace(tzinfo=UTC)
        if aware > timezone.now() or aware.year < 1970:
            raise ValidationError("it lies in the future" if aware.year > 1970 else "it lies too long ago")
        return aware


def hash_that_can_be_checked(encoded: str) -> None:
    """Validator: a password hash that a log-in here can check."""
    try:
        work = work_of(encoded)
    except Unreadable as error:
        raise ValidationError(str(error)) from error
    if work and not can_be_checked(work):
        raise ValidationError("what checks such a hash is not installed here")


def has_a_digit(number: str) -> None:
    """Validator: a phone number has one."""
    if not any(character.isdecimal() for character in number):
        raise ValidationError("it is no phone number; leave it empty where there is none")


class PersonForm(forms.Form):
    """One line of the file. Errors are for the report, in English."""

    email = AddressField()
    status = forms.ChoiceField(choices=[(status, status) for status in STATUSES])
    name = forms.CharField(required=False, max_length=300, validators=[one_line, readable])
    phone = PhoneField(required=False, max_length=LONGEST_PHONE, validators=[one_line, has_a_digit])
    company = forms.CharField(required=False, max_length=300, validators=[one_line])
    password = forms.CharField(required=False, max_length=128, validators=[hash_that_can_be_checked])
    joined = When(required=False)
    confirmed = When(required=False)
    language = forms.ChoiceField(required=False)
    workspace = forms.CharField(required=False, max_length=LONGEST_ID, validators=[one_line])
    id = forms.UUIDField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", ""), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["status"].error_messages |= {
            "required": f"say {', '.join(STATUSES[:-1])} or {STATUSES[-1]}",
            "invalid_choice": f"say {', '.join(STATUSES[:-1])} or {STATUSES[-1]}",
        }

    def wrong(self) -> str:
        """What is wrong with the line, in one sentence for each field."""
        if self.is_valid():
            return ""
        return "; ".join(f"{name}: {' '.join(map(str, words))}" for name, words in self.errors.items())

    @property
    def key(self) -> UUID | None:
        return self.cleaned_data["id"]
