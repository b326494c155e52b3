import pytest

from stage import MailServer, Provisioner


@pytest.fixture(scope="session")
def _mail():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="session")
def _workspaces():
    with Provisioner() as server:
        yield server


@pytest.fixture
def mail(_mail, settings):
    """A real mail server, healthy until told otherwise."""
    _mail.reset()
    _mail.mode = "ok"
    settings.EMAIL_BACKEND = "provisioning.emails.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _mail.port
    settings.EMAIL_TIMEOUT = 10  # a healthy one on a busy machine; where it is mute on purpose a test says less
    return _mail


@pytest.fixture
def workspaces(_workspaces, settings):
    """A real provisioner, healthy until told otherwise."""
    _workspaces.reset()
    _workspaces.mode = "ok"
    settings.WORKSPACE_URL = _workspaces.url
    return _workspaces


@pytest.fixture
def world(mail, workspaces, settings):
    settings.SETUP_RETRY_SECONDS = [600]  # later than any test: time passes when a test says so
    return mail, workspaces
