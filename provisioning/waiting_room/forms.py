"""Form of the waiting room: the moment by which an account is needed."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import one_line
from provisioning.humanize import city

LONGEST = timedelta(days=366)


class NeededForm(forms.Form):
    """Deadline in the reader's time zone, between now and a year from now, and what it is for."""

    needed_label = _("I need it by ({zone})")
    needed_by = forms.DateTimeField(
        error_messages={
            "required": _("Enter a day and a time."),
            "invalid": _("Enter the day and time like 2026-05-03 14:00."),
        },
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    needed_because = forms.CharField(
        label=_("What for? (optional)"),
        required=False,
        max_length=300,
        validators=[one_line],
        error_messages={"max_length": _("Please shorten this to %(limit_value)d characters.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone()
        self.fields["needed_by"].label = self.needed_label.format(zone=city(ZoneInfo(str(zone))))

    def clean_needed_by(self):
        by = self.cleaned_data["needed_by"]
        if by <= timezone.now():
            raise ValidationError(_("That time has passed. Enter one that's still to come."))
        if by > timezone.now() + LONGEST:
            raise ValidationError(_("Enter a day within the next year."))
        return by
