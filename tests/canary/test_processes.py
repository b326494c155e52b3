"""A real worker and a real beat that die: noticed in the first round after it."""

from datetime import timedelta

import pytest

from provisioning import dispatch
from provisioning.canary import rounds
from provisioning.canary.alarm import Canary
from provisioning.dispatch import sweep_is_stale
from stage.processes import wait_until
from tests.ticks.processes import beat, broker, worker

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dead_beat_and_a_dead_worker(site, world, tmp_path, monkeypatch, settings):
    mail, workspaces = world
    monkeypatch.setattr(dispatch, "STALE_AFTER", timedelta(seconds=3))
    settings.SWEEP_SECONDS = 1
    monkeypatch.setattr(rounds, "LOOK_EVERY", 0.2)
    env = {"EMAIL_URL": f"smtp://127.0.0.1:{mail.port}", "WORKSPACE_URL": workspaces.url, "SWEEP_SECONDS": "1"}
    broker().flushdb()
    with worker(tmp_path, **env) as works:
        with beat(tmp_path, **env):
            wait_until(lambda: not sweep_is_stale(), 60, "a sweep")
            seen = Canary().round()
            assert seen.troubles == {} and seen.seconds
        wait_until(sweep_is_stale, 30, "the sweep to be stale")
        assert set(Canary().round().troubles) == {"beat"}
        works.stop()
        monkeypatch.setattr(rounds, "READY_WITHIN", 2.0)
        assert set(Canary().round().troubles) == {"worker"}
