from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world  # noqa: F401
from tests.support.conftest import jordan  # noqa: F401
