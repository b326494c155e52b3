"""A real mail server and a real provisioner, and time that passes when a test says so."""

from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces  # noqa: F401
