"""Forms for the staff of the desk: each asks for the reason that goes into the audit log."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.forms import email_field, line_field, readable
from support.forms import ActForm
from support.staff.members import ROLES


def role_field() -> forms.ChoiceField:
    """Field for the role of a member of staff."""
    return forms.ChoiceField(label=_("Role"), choices=list(ROLES.items()))


class InviteForm(ActForm):
    """Form for inviting somebody to the desk."""

    name = line_field(_("Name"), _("Enter a name."), 300, "off")
    email = email_field()
    role = role_field()
    language = forms.ChoiceField(label=_("Language of our emails to them"), choices=settings.LANGUAGES)
    field_order = ["name", "email", "role", "language", "reason"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(readable)
        self.fields["email"].widget.attrs["autocomplete"] = "off"  # it is not their own
        self.fields["reason"].label = _("What they are to do")


class RoleForm(ActForm):
    """Form for another role."""

    role = role_field()
    field_order = ["role", "reason"]


class ProofForm(ActForm):
    """Form for another authenticator; its reason is the proof of identity."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("How they proved who they are")
