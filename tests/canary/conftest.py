import pytest

from provisioning.canary import rounds
from provisioning.canary.rounds import Seen
from provisioning.sweep import sweep
from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world  # noqa: F401
from tests.support.conftest import jordan  # noqa: F401


@pytest.fixture
def site(live_server, settings):
    """The front door, over HTTP."""
    settings.SITE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    return live_server


@pytest.fixture
def works(monkeypatch):
    """A worker and a beat are there: whoever waits for a while finds that a sweep went by."""
    monkeypatch.setattr(rounds, "look_inside", lambda seen: None)
    monkeypatch.setattr(rounds.time, "sleep", lambda seconds: sweep())


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(rounds, "READY_WITHIN", 3.0)


@pytest.fixture
def well() -> dict:
    return Seen().troubles
