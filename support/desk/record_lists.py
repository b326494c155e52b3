"""Admin base classes of the desk: read-only lists, without counts or sorting.

They are filtered by nothing but the filters they show (lookup_allowed).
"""

from django import forms
from django.contrib import admin
from django.db import models

from support.actions import kept_input
from support.desk.pagination import Uncounted, UncountedList

ENDINGS = {"exact", "in", "isnull", "gte", "lt", "lte", "gt"}  # what the filters of Django's admin ask for


class Guarded(admin.ModelAdmin):
    """ModelAdmin that reveals nothing through lookups, sorting or counts which its list does not show."""

    show_full_result_count = False
    paginator = Uncounted
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    actions = None
    date_hierarchy = None
    sortable_by = ()
    # One field with a label, where Django's has two without.
    formfield_overrides = {
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
    }

    def get_changelist(self, request, **kwargs):
        return UncountedList

    def lookup_allowed(self, lookup, value, request=None):
        """Allow only lookups of the filters that are shown.

        Django lets any field of the model be asked for, also with __startswith, letter by letter.
        """
        name, _, ending = lookup.partition("__")
        filters = self.get_list_filter(request) if request else self.list_filter
        return name in filters and (not ending or ending in ENDINGS)

    def get_form(self, request, obj=None, change=False, **kwargs):
        """Form with what was typed in it before the desk was locked."""
        form = super().get_form(request, obj, change, **kwargs)
        mine = kept_input.again(request).into(form, kept_input.place(request.path)) if request.method == "GET" else {}
        return _beginning_with(mine, form) if mine else form


def _beginning_with(typed_before: dict, form):
    class Again(form):
        def __init__(self, *args, initial=None, **kwargs):
            super().__init__(*args, initial={**(initial or {}), **typed_before}, **kwargs)

    return Again


class ReadOnly(Guarded):
    """Guarded ModelAdmin that adds, changes and deletes nothing."""

    def has_add_permission(self, request, *args):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


def guarded(admin_class: type[admin.ModelAdmin]) -> type[admin.ModelAdmin]:
    """Read-only version of a library's ModelAdmin; our own are returned as they are."""
    if issubclass(admin_class, Guarded):
        return admin_class
    return type(admin_class.__name__, (ReadOnly, admin_class), {"__module__": admin_class.__module__})
