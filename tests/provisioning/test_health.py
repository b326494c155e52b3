"""Machines ask two things: may people be sent to this door, and does the repair run."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from provisioning import dispatch
from provisioning.engine import faults
from provisioning.models import Heartbeat, Step
from provisioning.sweep import beat
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker_away(settings):
    from_now_on = "redis://127.0.0.1:9"
    kept = dispatch.tasks.run_step.app.conf.broker_url
    dispatch.tasks.run_step.app.conf.broker_url = from_now_on
    yield
    dispatch.tasks.run_step.app.conf.broker_url = kept


def test_all_is_well(client):
    beat("sweep")
    assert client.get("/readyz").json() == {"database": "ok"}
    answer = client.get("/repairz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "broker": "ok", "sweep": "ok", "faults": 0}


def test_without_a_broker_the_door_is_open_and_the_repair_is_not(client, broker_away):
    beat("sweep")
    assert client.get("/readyz").status_code == 200
    answer = client.get("/repairz")
    assert (answer.status_code, answer.json()["broker"], answer.json()["sweep"]) == (503, "not answering", "ok")


def test_without_a_sweep_the_door_is_open_and_the_repair_is_not(client):
    assert client.get("/readyz").status_code == 200
    answer = client.get("/repairz")
    assert (answer.status_code, answer.json()["sweep"]) == (503, "not answering")


def test_a_sweep_in_the_future_is_none(client):
    beat("sweep")
    Heartbeat.objects.update(at=Now() + dispatch.STALE_AFTER * 20)
    assert client.get("/repairz").json()["sweep"] == "not answering"


def test_what_the_machine_could_not_handle_is_counted_and_stops_nothing(client):
    beat("sweep")
    faults.note(Person.create(), "trying", ValueError("on purpose"))
    answer = client.get("/repairz")
    assert (answer.status_code, answer.json()["faults"]) == (200, 1)


def test_metrics(client):
    beat("sweep")
    text = client.get("/metrics").content.decode()
    assert "arrivals_steps_due 0.0" in text and "arrivals_last_sweep_seconds" in text


TOKEN = "a-token-that-only-the-monitor-knows"


def test_metrics_from_elsewhere_want_the_token(client, settings):
    there = {"REMOTE_ADDR": "203.0.113.7"}
    nowhere = client.get("/no-such-page", **there)
    settings.METRICS_TOKEN = TOKEN
    for given in ("", f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer ä"):
        answer = client.get("/metrics", headers={"Authorization": given}, **there)
        assert (answer.status_code, answer.content) == (404, nowhere.content), given
    assert client.post("/metrics", **there).status_code == 404
    for given in (f"Bearer {TOKEN}", f"bearer {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": given}, **there).status_code == 200
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}, **there).status_code == 404


@pytest.mark.parametrize(
    ("remote", "header", "value"),
    [
        ("127.0.0.1", "X-Forwarded-For", "203.0.113.7"),
        ("127.0.0.1", "X-Forwarded-For", "127.0.0.1"),
        ("127.0.0.1", "X-Forwarded-For", "127.0.0.1, 203.0.113.7"),
        ("127.0.0.1", "X-Real-IP", "127.0.0.1"),
        ("127.0.0.1", "Forwarded", "for=127.0.0.1"),
        ("127.0.0.1", "Via", "1.1 nginx"),
        ("127.0.0.1", "X-Forwarded-Proto", "https"),
        ("10.0.0.1", "X-Forwarded-For", "127.0.0.1"),
        ("10.0.0.1", "X-Real-IP", "::1"),
        ("", "Accept", "*/*"),
    ],
)
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_nobody_says_they_are_here(client, settings, proxies, remote, header, value):
    settings.PROXIES = proxies
    assert client.get("/metrics", REMOTE_ADDR=remote, headers={header: value}).status_code == 404


@pytest.mark.parametrize("here", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_very_machine_may_ask(client, here):
    assert client.get("/metrics", REMOTE_ADDR=here).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/repairz"])
def test_no_cache_answers_for_it(client, path):
    assert "no-store" in client.get(path)["Cache-Control"]
    assert client.post(path).status_code == 405


def test_the_process_says_its_version(client, settings):
    assert client.get("/healthz").json() == {"process": "ok", "version": settings.VERSION}
    assert settings.VERSION == "1.0.0"


def test_metrics_say_for_how_long_the_oldest_is_due_and_what_could_not_be_handled(client):
    person = Person.create()
    Step.objects.filter(account=person).delete()
    Step.objects.create(account=person, kind="workspace", dependency="workspace", due_at=Now() - timedelta(minutes=5))
    faults.note(person, "trying", ValueError("on purpose"))
    text = client.get("/metrics").content.decode()
    [age] = re.findall(r"^arrivals_oldest_due_seconds (\S+)$", text, re.MULTILINE)
    assert 300 <= float(age) < 330
    assert "arrivals_faults 1.0" in text
