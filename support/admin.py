"""Everything is to be read; acts are buttons of their own. The only admin file of the project."""

from django.contrib import admin

from accounts.models import Account, Event
from provisioning.models import Attempt, Dependency, Outage, Step, Workspace
from support.console import facts_of
from support.diagnosis import diagnose
from support.models import Away, Desk, Message, Promise, Ticket, TrustRepair
from support.models.desk import WEEKDAYS

RULE = ["let_in_by_rule", "rule_after", "debt_days"]


class ReadOnly(admin.ModelAdmin):
    show_full_result_count = False

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
    search_fields = ["email", "name", "company", "reference"]
    fields = [
        "name", "email", "phone", "company", "reference", "status", "status_at", "mailbox_proven_at",
        "is_active", "created_at", "last_login",
    ]  # fmt: skip
    change_form_template = "admin/person.html"

    def change_view(self, request, object_id, form_url="", extra_context=None):
        account = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, account and person(account))


def person(account: Account) -> dict:
    steps = Step.objects.filter(account=account).order_by("pk")
    return {
        "finding": diagnose(facts_of(account)),
        "steps": steps,
        "attempts": Attempt.objects.filter(step__in=steps).select_related("step").order_by("-ended_at")[:50],
        "diary": Event.objects.filter(account=account).order_by("-at", "-pk")[:100],
        "tickets": Ticket.objects.filter(account=account).order_by("-opened_at"),
        "words": Message.objects.filter(account=account).order_by("-at")[:20],
    }


@admin.register(Ticket)
class TicketAdmin(ReadOnly):
    list_display = ["id", "email", "why", "opened_at", "closed_at", "closed_because"]
    list_filter = ["why"]
    search_fields = ["email"]


@admin.register(Outage)
class OutageAdmin(ReadOnly):
    list_display = ["dependency", "failure", "began_at", "ended_at", "error"]


@admin.register(Dependency)
class DependencyAdmin(ReadOnly):
    list_display = ["name", "broken", "failures", "probe_at", "rate", "last_ok_at", "error"]


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnly):
    list_display = ["reference", "account", "backend", "created_at"]
    list_select_related = ["account"]


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
