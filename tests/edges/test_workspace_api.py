"""The workspace interface is as docs/workspace-api.json says: what we send, and what the stub answers."""

import json
from uuid import uuid4

import pytest
import urllib3

from accounts.models import Event, EventKind, Voice
from accounts.profile.deletion import delete_everything
from provisioning.errands.workspaces import fetch_changes
from provisioning.sweep import drain, sweep
from provisioning.workspaces import list_workspaces
from stage.wire import Request
from tests.edges.openapi import API, check, check_answer, check_request
from tests.people import Person

DETAILS = {"company": "Acme", "name": "Dana", "email": "dana@acme.example"}


@pytest.mark.django_db(transaction=True)
def test_what_we_send_is_described(world):
    _mail, workspaces, _receiver = world
    dana, bo = Person.create(), Person.create()
    sweep()
    Event.objects.create(account=dana, voice=Voice.THEY, kind=EventKind.CHANGED_DETAILS, detail="company")
    fetch_changes()
    delete_everything(bo)
    drain()
    workspaces.page = 1
    assert list(list_workspaces()) == [str(dana.pk)]
    sent = [(request.method, bool(request.body)) for request in workspaces.requests]
    assert sorted(sent) == [("DELETE", False), ("GET", False), ("PUT", True), ("PUT", True), ("PUT", True)]
    for request in workspaces.requests:
        check_request(request)


@pytest.mark.parametrize(
    ("mode", "steps"),
    [
        ("ok", [("PUT", 201), ("PUT", 200), ("PUT again", 200), ("GET", 200), ("DELETE", 204), ("DELETE", 404)]),
        ("4xx", [("PUT", 422)]),
        ("503", [("PUT", 503), ("DELETE", 503), ("GET", 503)]),
        ("429", [("PUT", 429), ("DELETE", 429), ("GET", 429)]),
        ("no token", [("PUT", 401), ("DELETE", 401), ("GET", 401)]),
    ],
)
def test_what_the_stub_answers_is_described(world, mode, steps):
    _mail, workspaces, _receiver = world
    workspaces.mode = "ok" if mode == "no token" else mode
    account, key = uuid4(), str(uuid4())
    for step, status in steps:
        method = step.split()[0]
        place = "/workspaces?limit=5" if method == "GET" else f"/workspaces/{account}"
        headers = {"Authorization": "Bearer " + ("wrong" if mode == "no token" else "token")}
        headers |= {} if method == "GET" else {"Idempotency-Key": str(uuid4()) if step == "PUT again" else key}
        body = json.dumps(DETAILS).encode() if method == "PUT" else b""
        answer = urllib3.request(
            method, f"http://127.0.0.1:{workspaces.port}{place}", headers=headers, body=body or None, retries=False
        )
        assert (step, answer.status) == (step, status)
        operation = check_request(Request(method, place, urllib3.HTTPHeaderDict(headers), body))
        check_answer(operation, answer.status, answer.data)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"company": "A", "name": "B"}, "Details"),
        ({**DETAILS, "phone": "1"}, "Details"),
        ({**DETAILS, "name": None}, "Details"),
        ({"workspaces": [{"id": "ws_1"}], "next": None}, "Page"),
        ({"workspaces": []}, "Page"),
        ({"error": 3}, "Error"),
    ],
)
def test_the_checker_would_see_what_is_wrong(value, schema):
    with pytest.raises((AssertionError, ValueError)):
        check(value, {"$ref": f"#/components/schemas/{schema}"}, "it")


def test_every_reference_leads_somewhere():
    text = json.dumps(API)
    assert all(f'"#/components/schemas/{name}"' in text for name in API["components"]["schemas"])
    assert API["openapi"] == "3.1.0" and all(
        operation["responses"] for operations in API["paths"].values() for operation in operations.values()
    )
