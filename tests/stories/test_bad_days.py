"""The broker gone or mute, and everything killed at once: real processes, nobody lost."""

import os

import pytest

from stage import Gate
from stage.acts import DANA, log_in
from stage.stage import stage

PATIENCE = 1.5  # seconds a page may take while the broker is away, argon2 included on an idle machine
BUSY = 4  # how much slower than that this machine may be; without bounds it is more than 45 s


pytestmark = pytest.mark.xdist_group("bad days")  # one stage for them all, in this order


@pytest.fixture(scope="module")
def behind_a_gate():
    with Gate(os.environ["REDIS_URL"]) as gate, stage(REDIS_URL=gate.url, SWEEP_SECONDS="3600") as built:
        yield gate, built


@pytest.mark.parametrize("mode", ["refused", "mute"])
def test_a_broker_that_is_away_is_not_noticed(behind_a_gate, mode):
    gate, theatre = behind_a_gate
    gate.mode = mode
    theatre.workspaces.mode = "503"
    who = DANA | {"email": f"dana-{mode}@acme.example"}
    dana = theatre.visitor()
    signed_up = dana.send("/signup/", who, follow=False)
    assert (signed_up.status, signed_up.location) == (302, "/arriving/")
    pages = [signed_up, dana.get("/arriving/"), log_in(theatre.visitor(), who)]
    pages.append(dana.send("/contact/", {"email": who["email"], "message": "Where is my letter?"}))
    assert max(page.seconds for page in pages) < PATIENCE * BUSY
    assert [page.status for page in pages[1:]] == [200, 200, 200]
    theatre.workspaces.mode = "ok"
    dana.wait_for("/arriving/", "account is ready") if swept(theatre) else pytest.fail("no sweep")


def swept(theatre) -> bool:
    theatre.manage("sweep")
    return True


def test_kill_everything_and_start_again():
    with stage(SETUP_LEASE_SECONDS="12") as theatre:
        theatre.workspaces.mode = theatre.mail.mode = "mute"
        dana = theatre.visitor()
        dana.send("/signup/", DANA)
        theatre.workspaces.wait_for_requests(1, timeout=30)
        theatre.process.kill9()
        theatre.workspaces.mode = theatre.mail.mode = "ok"
        theatre.process.start()
        theatre.process.wait_until(lambda: theatre.process.output.count("Arrivals is at") == 2, timeout=90)
        dana.wait_for("/arriving/", "account is ready", timeout=120)
        assert list(theatre.workspaces.effects.values()) == [1]
