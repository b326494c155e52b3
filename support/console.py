"""The desk: Django's admin with a first page of its own."""

from functools import update_wrapper

from django.contrib import admin
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from support import desk_page, locks, mail_page, why_page
from support.press import press
from support.today import today


class Console(admin.AdminSite):
    site_header = site_title = _("Arrivals desk")
    index_title = _("Today")
    index_template = "admin/today.html"
    enable_nav_sidebar = False

    def has_permission(self, request):
        return super().has_permission(request) and not locks.needs_second_step(request.user)

    def admin_view(self, view, cacheable=False):
        """Every page of the desk behind both locks."""
        inner = super().admin_view(view, cacheable)

        def locked(request, *args, **kwargs):
            if locks.is_staff(request.user) and locks.too_long_idle(request):
                return locks.ask_again(request, reverse("admin:login"))
            if locks.needs_second_step(request.user):
                return redirect("admin:second_step")
            return inner(request, *args, **kwargs)

        return update_wrapper(locked, inner)

    def login(self, request, extra_context=None):
        if locks.needs_second_step(request.user):
            return redirect("admin:second_step")
        return super().login(request, extra_context)

    def second_step(self, request):
        return locks.second_step(request, self)

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
            path("second-step/", self.second_step, name="second_step"),
            path("records/", self.admin_view(self.records), name="records"),
        ]
        return mine + desk_page.urls(self) + mail_page.urls(self) + why_page.urls(self) + super().get_urls()
