"""The desk: Django's admin with a first page of its own."""

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import Account
from provisioning import outages
from provisioning.models import Outage, Step
from support import desk_page, why_page
from support.acts import recover
from support.diagnosis import Facts, diagnose
from support.models import Message, Ticket


class Console(admin.AdminSite):
    site_header = site_title = _("Arrivals desk")
    index_title = _("Today")
    index_template = "admin/today.html"

    def index(self, request, extra_context=None):
        tickets = Ticket.objects.filter(closed_at=None).select_related("account").order_by("opened_at")
        return super().index(
            request,
            {
                "rows": [row_of(ticket) for ticket in tickets[:50]],
                "open_count": tickets.count(),
                "outages": Outage.objects.filter(ended_at=None),
            },
        )

    def get_urls(self):
        acts = [
            path("acts/recover/<uuid:pk>/", self.admin_view(require_POST(recover_view)), name="recover"),
        ]
        return acts + desk_page.urls(self) + why_page.urls(self) + super().get_urls()


def row_of(ticket: Ticket) -> dict:
    words = Message.objects.filter(ticket=ticket).order_by("-at").first()
    finding = diagnose(facts_of(ticket.account)) if ticket.account else None
    return {"ticket": ticket, "finding": finding, "words": words}


def facts_of(account: Account) -> Facts:
    steps = tuple(Step.objects.filter(account=account).order_by("pk"))
    down = frozenset(outages.broken_now())
    return Facts(account.status, not account.is_active, steps, down)


def recover_view(request, pk):
    account = get_object_or_404(Account, pk=pk)
    if not request.user.has_perm("accounts.change_account"):
        messages.error(request, _("You may look, but not recover accounts."))
        return redirect("admin:index")
    recover(account, request.user, request.POST.get("reason", "")[:500])
    messages.success(request, _("%(name)s is being set up again now.") % {"name": account.name})
    return redirect((request.POST.get("back") == "person" and person_url(account)) or "admin:index")


def person_url(account: Account) -> str:
    return reverse("admin:accounts_account_change", args=[account.pk])
