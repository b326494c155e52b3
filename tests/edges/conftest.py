import base64

import pytest

from stage import MailServer, Provisioner
from tests.edges.receiver import Receiver

SECRET = "whsec_" + base64.b64encode(b"a secret of the product's, 32 b.").decode()
ANOTHER = "whsec_" + base64.b64encode(b"the one that takes its place, 32").decode()


@pytest.fixture(scope="session")
def _servers():
    with MailServer() as mail, Provisioner() as workspaces, Receiver() as receiver:
        yield mail, workspaces, receiver


@pytest.fixture
def world(_servers, settings):
    """Mail, workspaces and the product's receiver, each a real server, healthy until told otherwise."""
    mail, workspaces, receiver = _servers
    for server in _servers:
        server.reset()
    settings.EMAIL_BACKEND = "provisioning.emails.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
    settings.EMAIL_TIMEOUT = 10
    settings.WORKSPACE_URL = workspaces.url
    settings.EVENTS_URL, settings.EVENTS_SECRETS = receiver.url, [SECRET]
    settings.SETUP_RETRY_SECONDS = [600]  # later than any test: time passes when a test says so
    return mail, workspaces, receiver
