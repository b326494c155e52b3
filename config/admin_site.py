"""The admin, with a site of the support room's own."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    default_site = "support.site.Console"
