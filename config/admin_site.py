"""Django admin configuration with the support desk's own AdminSite."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """Admin app with the site of the support room."""

    default_site = "support.site.Console"
