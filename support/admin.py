"""Django admin of all rooms: models are read-only, staff actions are buttons of their own.

The only admin file of the project.
"""

from django import forms
from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken, get_application_model

from accounts.models import Account
from provisioning.models import Dependency, Outage, Workspace
from support.actions import kept_input
from support.desk.account_card import card
from support.desk.bulk_actions import Actionable
from support.desk.record_lists import Guarded, ReadOnly
from support.desk.search import find, find_tickets
from support.models import Away, Desk, Incident, Letter, Promise, SavedReply, Ticket, TrustRepair
from support.models.desk import WEEKDAYS

Client = get_application_model()
admin.site.unregister(
    [Client, AccessToken, Grant, IDToken, RefreshToken]
)  # as the library shows them, to nobody here
RULE = ["let_in_by_rule", "rule_after", "debt_days"]


@admin.register(Account)
class AccountAdmin(Actionable, ReadOnly):
    """Accounts: search, and the account card as the page of each."""

    list_display = ["name", "email", "company", "status", "created_at"]
    list_filter = ["status"]
    ordering = ["pk"]
    search_fields = ["email"]  # shows the box; what is looked for where says `find`
    search_help_text = _("Address, name, company, phone number, reference, or a word of them or of their messages.")

    def get_search_results(self, request, queryset, search_term):
        in_messages = request.user.has_perm("support.view_ticket")
        return (find(queryset, search_term, in_messages=in_messages) if search_term else queryset), False

    def change_view(self, request, object_id, form_url="", extra_context=None):
        account = self.get_object(request, object_id)
        if account is None or not self.has_view_permission(request, account):
            raise Http404
        site = self.admin_site.each_context(request)
        asked, again = request.GET, kept_input.again(request)
        whole = asked.get("thread") == "all"
        context = site | card(account, request.user, asked.get("diary", ""), again, whole_thread=whole)
        return TemplateResponse(request, "admin/person.html", context | {"title": account.name, "opts": self.opts})


@admin.register(Ticket)
class TicketAdmin(Actionable, ReadOnly):
    """Tickets, open and closed, newest first."""

    list_display = ["id", "email", "why", "opened_at", "closed_at", "handed_over_at", "closed_because"]
    list_filter = ["why"]
    ordering = ["-pk"]
    search_fields = ["email__startswith"]  # shows the box; what is looked for where says `find_tickets`
    search_help_text = _("Number, address, name, company, phone number, or a word of the messages.")

    def get_search_results(self, request, queryset, search_term):
        in_letters = request.user.has_perm("support.view_letter")
        return (find_tickets(queryset, search_term, in_letters=in_letters) if search_term else queryset), False


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    """Incidents, newest first."""

    list_display = ["dependency", "failure", "began_at", "ended_at", "closed_at", "error"]
    ordering = ["-pk"]


@admin.register(Letter)
class LetterAdmin(ReadOnly):
    """Outgoing letters of the desk, newest first."""

    list_display = ["subject", "to", "author", "written_at", "sent_at", "error"]
    list_select_related = ["author"]
    ordering = ["-pk"]


@admin.register(Outage)
class OutageAdmin(ReadOnly):
    """Outages of dependencies, newest first."""

    list_display = ["dependency", "failure", "began_at", "ended_at", "error"]
    ordering = ["-pk"]


@admin.register(Dependency)
class DependencyAdmin(ReadOnly):
    """Dependencies, with the state of their circuit breakers."""

    list_display = ["name", "broken", "failures", "probe_at", "rate", "last_ok_at", "error"]


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnly):
    """Workspaces that were made."""

    list_display = ["reference", "account", "backend", "created_at"]
    list_select_related = ["account"]
    ordering = ["pk"]


@admin.register(Desk)
class DeskAdmin(Guarded):
    """Settings of the desk, to be changed: hours and limits are the agent's to set."""

    fieldsets = [
        (None, {"fields": ["name", "sign_off", "email", "time_zone"]}),
        ("Hours", {"fields": [*WEEKDAYS, "holidays_country", "holidays_subdivision"]}),
        ("While nobody is at work", {"fields": ["wake_at_night", "backup_email", "blocked_limit", *RULE]}),
        ("Putting it right", {"fields": ["offer"]}),
    ]

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not Desk.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Away)
class AwayAdmin(Guarded):
    """Absences of the agent, to be planned and changed."""

    list_display = ["start", "until", "stepped"]


@admin.register(SavedReply)
class SavedReplyAdmin(Guarded):
    """Saved replies, to be added, changed and deleted."""

    list_display = ["title", "body"]


@admin.register(Promise)
class PromiseAdmin(ReadOnly):
    """Promised reply times, kept and broken."""

    list_display = ["email", "due", "kept_at", "broken_at", "told_at", "said_in"]
    search_fields = ["email"]


@admin.register(TrustRepair)
class TrustRepairAdmin(ReadOnly):
    """Apologies, by state and level."""

    list_display = ["account", "incident", "level", "state", "opened_at", "sent_at", "answer"]
    list_filter = ["state", "level"]
    list_select_related = ["account"]


@admin.register(TOTPDevice)
class SecondStepAdmin(ReadOnly):
    """TOTP devices of the second factor; the key is shown to nobody.

    If somebody's phone and codes are gone, a superuser deletes the device.
    """

    list_display = ["user", "confirmed", "created_at", "last_used_at"]
    fields = ["user", "confirmed", "created_at", "last_used_at", "throttling_failure_count"]
    list_select_related = ["user"]
    ordering = ["-pk"]

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser


class ClientForm(forms.ModelForm):
    """Form of a product; a new secret is made where none is, or where the box is ticked."""

    another_secret = forms.BooleanField(
        label=_("Make a new secret"), required=False, help_text=_("The one before is void at once.")
    )

    class Meta:
        model = Client
        fields = ["name", "client_type", "redirect_uris", "post_logout_redirect_uris"]
        help_texts = {
            "redirect_uris": _("Where people are sent back to, one on a line. Compared as they stand."),
            "post_logout_redirect_uris": _("Where they may be sent after logging out, one on a line."),
        }


@admin.register(Client)
class ClientAdmin(Guarded):
    """Products that people log in to through us (OpenID Connect): for superusers alone.

    Those that OIDC_CLIENTS names are changed there.
    """

    form = ClientForm
    list_display = ["name", "client_id", "client_type", "registration_source", "created"]
    ordering = ["pk"]

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser and (obj is None or obj.registration_source == "manual")

    has_delete_permission = has_change_permission

    def get_fields(self, request, obj=None):
        of_all = ["name", "client_type", "redirect_uris", "post_logout_redirect_uris"]
        return (
            ["client_id", *of_all, "another_secret"] if self.has_change_permission(request, obj) and obj else of_all
        )

    def get_readonly_fields(self, request, obj=None):
        return ["client_id"] if obj else []

    def save_model(self, request, obj, form, change):
        anew = form.cleaned_data["another_secret"] or not change or "client_type" in form.changed_data
        request.new_secret = obj.new_secret() if anew else ""
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        return self._shown_once(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._shown_once(request, obj) or super().response_change(request, obj)

    def _shown_once(self, request, client):
        """Page with the new secret, the only one that ever has it."""
        if not request.new_secret:
            return None
        facts = {"title": client.name, "client": client, "secret": request.new_secret, "opts": self.opts}
        page = TemplateResponse(request, "admin/client_secret.html", self.admin_site.each_context(request) | facts)
        page["Cache-Control"] = "no-store"
        return page
