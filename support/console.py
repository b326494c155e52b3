"""The desk: Django's admin with a first page of its own."""

from django.contrib import admin
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from support.press import press
from support.today import today


class Console(admin.AdminSite):
    site_header = site_title = _("Arrivals desk")
    index_title = _("Today")
    index_template = "admin/today.html"
    enable_nav_sidebar = False

    def index(self, request, extra_context=None):
        shown = today(request.user, request.GET.get("ticket", ""), request.GET.get("page", ""))
        return super().index(request, shown)

    def records(self, request):
        """What stock admin shows first: the list of everything that is kept."""
        context = self.each_context(request) | {"title": _("Records"), "app_list": self.get_app_list(request)}
        return TemplateResponse(request, "admin/records.html", context)

    def get_urls(self):
        mine = [
            path("acts/<slug:name>/", self.admin_view(press), name="press"),
            path("records/", self.admin_view(self.records), name="records"),
        ]
        return mine + super().get_urls()
