"""Admin site of the desk: Django's AdminSite with a dashboard, two-factor login and page permissions."""

from functools import update_wrapper

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from support import permissions
from support.actions import kept_input, undo
from support.actions.views import buttons, press
from support.desk import availability_views, introduction, saved_replies, two_factor
from support.desk.dashboard import today
from support.desk.record_lists import guarded
from support.desk.refusals import desk_refused
from support.forms import LoginForm
from support.inbound import file_views
from support.reviews import views as reviews_views
from support.staff import views as staff_views


class Console(admin.AdminSite):
    """AdminSite of the desk."""

    site_header = site_title = lazy(lambda: f"{settings.PRODUCT_NAME} desk", str)()
    index_title = gettext_lazy("Today")
    index_template = "admin/today.html"
    enable_nav_sidebar = False
    login_form = LoginForm

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register a model; the ModelAdmin of a library is guarded like our own."""
        super().register(model_or_iterable, guarded(admin_class or admin.ModelAdmin), **options)

    def has_permission(self, request):
        return super().has_permission(request) and not two_factor.needs_second_step(request.user)

    def admin_view(self, view, cacheable=False):
        """Wrap a view of the desk: idle timeout, login, second factor, page permissions."""
        inner = super().admin_view(view, cacheable)

        def locked(request, *args, **kwargs):
            if two_factor.is_staff(request.user) and two_factor.too_long_idle(request):
                return two_factor.ask_again(request)
            if not self.has_permission(request):
                return self._not_in_yet(request)
            try:
                permissions.check(request)
                response = inner(request, *args, **kwargs)
            except PermissionDenied as refusal:
                return desk_refused(request, str(refusal) or _("You can't open this. Nothing was done."))
            if request.method == "POST":
                kept_input.forget(request)
            return response

        return update_wrapper(locked, inner)

    def _not_in_yet(self, request):
        """Redirect to the login or the second factor, whichever is missing; what was typed waits behind it."""
        if request.method == "POST":
            kept_input.keep(request)
        return (
            redirect("admin:second_step")
            if two_factor.needs_second_step(request.user)
            else two_factor.to_login(request)
        )

    def each_context(self, request):
        again, path = kept_input.again(request), request.get_full_path()
        mine = {"typed": again.here(path), "typed_elsewhere": again.elsewhere(path), "undo": self._undo(request)}
        return super().each_context(request) | mine

    def _undo(self, request) -> dict | None:
        """Button that takes the last reply back, for ten seconds."""
        state = undo.offer(request)
        return buttons(request.user, state, ["undo_reply"], kept_input.NOTHING)[0] if state else None

    def login(self, request, extra_context=None):
        if two_factor.needs_second_step(request.user):
            return redirect("admin:second_step")
        return super().login(request, extra_context)

    def second_step(self, request):
        return two_factor.second_step(request, self)

    def recovery_codes(self, request):
        return two_factor.codes_page(request, self)

    def index(self, request, extra_context=None):
        asked = request.GET.get("ticket", ""), request.GET.get("page", "")
        whole = request.GET.get("thread") == "all"
        return super().index(request, today(request.user, *asked, kept_input.again(request), whole_thread=whole))

    def records(self, request):
        """Index of everything that is kept: the list of models, which stock admin shows first."""
        lists = self.get_app_list(request)
        if not lists:
            raise PermissionDenied(_("You can't see any lists yet. Whoever runs the platform can give you access."))
        context = self.each_context(request) | {"title": _("Records"), "app_list": lists}
        return TemplateResponse(request, "admin/records.html", context)

    def password_change(self, request, extra_context=None):
        """Redirect to everybody's own page for a new password.

        It counts guesses, ends what else is open, and writes a letter.
        """
        return redirect("own_password")

    def get_urls(self):
        mine = [
            path("acts/<slug:name>/", self.admin_view(press), name="press"),
            path("second-step/", self.second_step, name="second_step"),
            path("recovery-codes/", self.admin_view(self.recovery_codes), name="recovery_codes"),
            path("records/", self.admin_view(self.records), name="records"),
        ]
        return (
            mine
            + availability_views.urls(self)
            + file_views.urls(self)
            + introduction.urls(self)
            + saved_replies.urls(self)
            + reviews_views.urls(self)
            + staff_views.urls(self)
            + super().get_urls()
        )
