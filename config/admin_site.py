"""Django admin configuration with the support desk's own AdminSite."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    default_site = "support.site.Console"
