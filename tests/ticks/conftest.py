import pytest

from tests.ticks.processes import broker


@pytest.fixture
def queues(transactional_db):
    """The broker, empty before and after."""
    with broker() as client:
        client.flushdb()
        yield client
        client.flushdb()
