"""Django app configuration of the set-up: connects the deletion signal and the system checks."""

from importlib import import_module

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    verbose_name = "Set-up"

    def ready(self):
        import_module("provisioning.workspaces.deletion")  # listens for accounts that go
        import_module("provisioning.checks")
