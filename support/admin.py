"""Everything is to be read; acts are buttons of their own. The only admin file of the project."""

from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from provisioning.models import Dependency, Outage, Workspace
from support.models import Away, Desk, Incident, Letter, Promise, Ticket, TrustRepair
from support.models.desk import WEEKDAYS
from support.pages import Uncounted, UncountedList
from support.person import card
from support.search import find

RULE = ["let_in_by_rule", "rule_after", "debt_days"]


class ReadOnly(admin.ModelAdmin):
    show_full_result_count = False
    paginator = Uncounted
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def get_changelist(self, request, **kwargs):
        return UncountedList

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Account)
class AccountAdmin(ReadOnly):
    list_display = ["name", "email", "company", "status", "created_at"]
    list_filter = ["status"]
    ordering = ["pk"]
    sortable_by = ()
    search_fields = ["email"]  # shows the box; what is looked for where says `find`
    search_help_text = _("The beginning of an address, a name or a company, or a reference.")

    def get_search_results(self, request, queryset, search_term):
        return (find(queryset, search_term) if search_term else queryset), False

    def change_view(self, request, object_id, form_url="", extra_context=None):
        account = self.get_object(request, object_id)
        if account is None or not self.has_view_permission(request, account):
            raise Http404
        site = self.admin_site.each_context(request)
        context = site | card(account, request.user, request.GET.get("diary", ""))
        return TemplateResponse(request, "admin/person.html", context | {"title": account.name, "opts": self.opts})


@admin.register(Ticket)
class TicketAdmin(ReadOnly):
    list_display = ["id", "email", "why", "opened_at", "closed_at", "handed_over_at", "closed_because"]
    list_filter = ["why"]
    ordering = ["-pk"]
    sortable_by = ()
    search_fields = ["email__startswith"]


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ["dependency", "failure", "began_at", "ended_at", "closed_at", "error"]
    ordering = ["-pk"]


@admin.register(Letter)
class LetterAdmin(ReadOnly):
    list_display = ["subject", "to", "author", "written_at", "sent_at", "error"]
    list_select_related = ["author"]
    ordering = ["-pk"]


@admin.register(Outage)
class OutageAdmin(ReadOnly):
    list_display = ["dependency", "failure", "began_at", "ended_at", "error"]
    ordering = ["-pk"]


@admin.register(Dependency)
class DependencyAdmin(ReadOnly):
    list_display = ["name", "broken", "failures", "probe_at", "rate", "last_ok_at", "error"]


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnly):
    list_display = ["reference", "account", "backend", "created_at"]
    list_select_related = ["account"]
    ordering = ["pk"]
    sortable_by = ()


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):
    """The one model that is edited here: her hours and limits are hers to set."""

    fieldsets = [
        (None, {"fields": ["name", "sign_off", "email", "time_zone"]}),
        ("Hours", {"fields": [*WEEKDAYS, "holidays_country", "holidays_subdivision"]}),
        ("While nobody is at work", {"fields": ["backup_email", "blocked_limit", *RULE]}),
        ("Putting it right", {"fields": ["offer"]}),
    ]

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not Desk.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Away)
class AwayAdmin(admin.ModelAdmin):
    list_display = ["start", "until", "stepped"]


@admin.register(Promise)
class PromiseAdmin(ReadOnly):
    list_display = ["email", "due", "kept_at", "broken_at", "told_at", "said_in"]
    search_fields = ["email"]


@admin.register(TrustRepair)
class TrustRepairAdmin(ReadOnly):
    list_display = ["account", "incident", "level", "state", "opened_at", "sent_at", "answer"]
    list_filter = ["state", "level"]
    list_select_related = ["account"]
