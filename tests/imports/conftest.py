from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world  # noqa: F401
