import pytest

from stage import MailServer, Provisioner
from tests.faults.storm import World


@pytest.fixture
def world(tmp_path, transactional_db):
    with MailServer() as mail, Provisioner() as workspaces:
        yield World(mail, workspaces, tmp_path)
