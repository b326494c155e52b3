from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import email_field
from accounts.models import normal_email


class ContactForm(forms.Form):
    email = email_field()
    message = forms.CharField(
        label=_("What happened, and what do you need?"),
        max_length=5000,
        error_messages={
            "required": _("Write a few words, so that we know what you need."),
            "max_length": _("Please shorten this to %(limit_value)d characters (it has %(show_value)d)."),
        },
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def clean_email(self):
        return normal_email(self.cleaned_data["email"])
