"""Django app configuration of the set-up: connects the deletion signal and the system checks."""

from importlib import import_module

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """App configuration: connects the signal handler of deletion and the system checks when Django starts."""

    name = "provisioning"
    verbose_name = "Set-up"

    def ready(self):
        import_module("provisioning.workspaces.deletion")  # listens for accounts that go
        import_module("provisioning.checks")
