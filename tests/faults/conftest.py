import pytest

from tests.faults.storm import World
from tests.world import MailServer, Provisioner


@pytest.fixture
def world(tmp_path, transactional_db):
    with MailServer() as mail, Provisioner() as workspaces:
        yield World(mail, workspaces, tmp_path)
