from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import email_field
from accounts.models import normal_email
from support.models import Ticket


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


class ActForm(forms.Form):
    """What every act asks for: the reason, which goes into the diary."""

    reason = forms.CharField(label=_("Reason"), max_length=500, error_messages={"required": _("Give a reason.")})


class LetInForm(ActForm):
    days = forms.IntegerField(label=_("Days until the debt is to be paid"), min_value=1, max_value=30, initial=2)


class AddressForm(ActForm):
    email = email_field()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("How they proved who they are")

    def clean_email(self):
        return normal_email(self.cleaned_data["email"])


class PutAsideForm(ActForm):
    wakes_on = forms.ChoiceField(label=_("Comes back"), choices=Ticket.Wake.choices)
    hours = forms.IntegerField(label=_("After at most so many hours"), min_value=1, max_value=168, initial=24)


class ReplyForm(forms.Form):
    body = forms.CharField(
        label=_("Your reply"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        error_messages={"required": _("Write the reply first.")},
    )
    draft = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    then_close = forms.BooleanField(label=_("Close the ticket with it"), required=False)
