"""Django's app configuration of the account room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The account room, named "People" in the admin."""

    name = "accounts"
    verbose_name = "People"
