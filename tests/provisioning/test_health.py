"""Machines ask two things: may people be sent to this door, and does the repair run."""

import pytest
from django.db.models.functions import Now

from provisioning import faults, kick
from provisioning.models import Heartbeat
from provisioning.sweep import beat
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker_away(settings):
    from_now_on = "redis://127.0.0.1:9"
    kept = kick.tasks.run_step.app.conf.broker_url
    kick.tasks.run_step.app.conf.broker_url = from_now_on
    yield
    kick.tasks.run_step.app.conf.broker_url = kept


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
    Heartbeat.objects.update(at=Now() + kick.STALE_AFTER * 20)
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


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/repairz"])
def test_no_cache_answers_for_it(client, path):
    assert "no-store" in client.get(path)["Cache-Control"]
    assert client.post(path).status_code == 405
