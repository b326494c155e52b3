"""App configuration of the support room."""

from importlib import import_module

from django.apps import AppConfig


class SupportConfig(AppConfig):
    """App configuration that connects the signal receivers of inbound mail."""

    name = "support"
    verbose_name = "Support"

    def ready(self):
        import_module("support.inbound.messages")  # listens for messages that go
