import pytest
from django.core.cache import cache
from django.db.models.functions import Now

from provisioning.models import Heartbeat
from tests.provisioning.conftest import _mail, _workspaces, mail, workspaces, world

__all__ = ["_mail", "_workspaces", "mail", "workspaces", "world"]


@pytest.fixture(autouse=True)
def quiet(request):
    """A sweep is alive, so that pages run none themselves; nothing is remembered from the test before."""
    cache.clear()
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db" if not _is_transactional(request) else "transactional_db")
        Heartbeat.objects.create(name="sweep", at=Now())


def _is_transactional(request) -> bool:
    return bool(request.node.get_closest_marker("django_db").kwargs.get("transaction"))
