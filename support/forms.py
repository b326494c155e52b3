"""Forms of the support room: contact, login to the desk, and one for each kind of staff action."""

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.forms import email_field, password_field
from accounts.sentences import say
from accounts.validators import has_blank_ends
from provisioning.waiting_room.forms import NeededForm
from support.models import Ticket


class ContactForm(forms.Form):
    """Contact form, for everybody."""

    email = email_field()
    message = forms.CharField(
        label=_("What happened, and what do you need?"),
        max_length=5000,
        error_messages={
            "required": _("Write a few words so that we know what you need."),
            "max_length": _("Please shorten this to %(limit_value)d characters (it has %(show_value)d)."),
        },
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class LoginForm(AdminAuthenticationForm):
    """Login form of the desk: takes an address and a password as the front door does."""

    username = email_field()
    password = password_field("current-password")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["autofocus"] = True

    def get_invalid_login_error(self):
        refused = super().get_invalid_login_error()
        if has_blank_ends(self.cleaned_data["password"]):
            return forms.ValidationError([refused, say("password.blank_ends")])
        return refused


def faults_of(form: forms.Form) -> str:
    """Everything that is wrong with a form, as one line."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


class ActForm(forms.Form):
    """Form of a staff action: the reason, which goes into the audit log."""

    reason = forms.CharField(label=_("Reason"), max_length=500, error_messages={"required": _("Enter a reason.")})


class LetInForm(ActForm):
    """Form for letting somebody in with a debt: days until it is due."""

    days = forms.IntegerField(label=_("Days until the rest must be finished"), min_value=1, max_value=30, initial=2)


class AddressForm(ActForm):
    """Form for correcting an address; its reason is the proof of identity."""

    email = email_field()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("How they proved who they are")


class CompanyForm(ActForm):
    """Form for correcting a company name."""

    company = forms.CharField(label=_("Company"), max_length=300)


class DeadlineForm(NeededForm):
    """Form for noting by when somebody needs their account, in the agent's time zone."""

    needed_label = _("They need it by ({zone})")


class DeleteForm(forms.Form):
    """Form for deleting an account on its holder's request: the proof of identity, and the reference to be sure."""

    proof = forms.ChoiceField(
        label=_("How they proved who they are"),
        choices=[
            ("", _("Choose one")),
            ("phone", _("By phone, on the number they gave us")),
            ("mailbox", _("In writing, from the mailbox they signed up with")),
            ("person", _("In person, or by a document")),
        ],
        error_messages={"required": _("Choose how they proved who they are.")},
    )
    reference = forms.CharField(
        label=_("Their reference, to be sure"),
        max_length=20,
        error_messages={"required": _("Enter the reference of the account.")},
    )


class LinkForm(ActForm):
    """Form for linking a stranger's ticket to an account; its reason is how we know that it is theirs."""

    whose = forms.CharField(label=_("Address or reference of the account"), max_length=254)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("How you know that it is theirs")


class NoteForm(forms.Form):
    """Form for a note on an account, for the desk alone."""

    note = forms.CharField(
        label=_("A note for the desk; they never see it"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write the note first.")},
    )


class PutAsideForm(ActForm):
    """Form for snoozing a ticket: the event that wakes it, and hours at most."""

    wakes_on = forms.ChoiceField(label=_("Bring it back"), choices=Ticket.Wake.choices)
    hours = forms.IntegerField(label=_("After this many hours at the latest"), min_value=1, max_value=168, initial=24)


class ReplyForm(forms.Form):
    """Form for a reply, with the draft that was proposed."""

    body = forms.CharField(
        label=_("Your reply"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        error_messages={"required": _("Write the reply first.")},
    )
    draft = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    then_close = forms.BooleanField(label=_("Close the ticket as well"), required=False)
