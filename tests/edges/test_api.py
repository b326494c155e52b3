"""Reading an account by a machine of the product's: with a token everything it needs, without one nothing at all."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Account, Event, Tries
from accounts.status import Status
from provisioning.models import Step
from provisioning.sweep import sweep
from tests.people import Person

pytestmark = pytest.mark.django_db

TOKEN, NEXT = "the-token-of-the-product", "the-one-that-takes-its-place"


@pytest.fixture
def tokens(settings):
    settings.API_TOKENS = [TOKEN, NEXT]


def ask(account_id: object, token: str | None = TOKEN, **more):
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return Client().get(f"/api/accounts/{account_id}", headers=headers, **more)


@pytest.mark.django_db(transaction=True)
def test_a_machine_sees_how_far_somebody_is(world, tokens):
    _mail, workspaces, _receiver = world
    workspaces.mode = "503"
    dana = Person.create()
    sweep()
    answer = ask(dana.pk)
    seen = answer.json()
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    assert "no-store" in answer["Cache-Control"]
    assert (seen["status"], seen["may_enter"], seen["workspace"]) == (Status.EMAIL_SENT, False, None)
    assert seen["owed"] == ["workspace"]
    assert [(step["kind"], step["state"]) for step in seen["steps"]] == [
        ("welcome_email", "done"),
        ("workspace", "open"),
    ]
    assert seen["steps"][1]["next_try_at"] and seen["steps"][0]["done_at"]
    workspaces.mode = "ok"
    Step.objects.filter(kind="workspace").update(due_at=dana.created_at, leased=False)
    sweep()
    seen = ask(dana.pk, NEXT).json()
    assert (seen["status"], seen["may_enter"], seen["workspace"], seen["owed"]) == (
        Status.ACTIVE,
        True,
        str(dana.pk),
        [],
    )
    Account.objects.update(is_active=False)
    assert (ask(dana.pk).json()["may_enter"], ask(dana.pk).json()["suspended"]) == (False, True)


def test_it_says_no_more_than_it_should(tokens):
    dana = Person.create()
    assert set(ask(dana.pk).json()) == {
        *("id", "reference", "status", "status_at", "created_at", "may_enter", "suspended", "email"),
        *("email_verified", "name", "company", "phone", "language", "workspace", "owed", "steps"),
    }
    assert dana.password not in ask(dana.pk).content.decode()


@pytest.mark.parametrize("account_id", [uuid4(), "not-an-id", "%00", "\N{PILE OF POO}", "1" * 3000])
def test_who_is_not_there_is_404_in_json(tokens, account_id):
    answer = ask(account_id)
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no such account"})


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], f"{TOKEN} {TOKEN}", "tök€n", f"{TOKEN},{NEXT}"])
def test_without_a_token_everybody_is_told_the_same_and_nothing_is_looked_up(
    tokens, token, django_assert_num_queries
):
    dana = Person.create()
    ask(dana.pk)  # the desk's time zone is asked for once a minute
    answers = []
    for account_id in (dana.pk, uuid4(), "not-an-id"):
        with django_assert_num_queries(1):  # the count of tries
            answers.append(ask(account_id, token))
    assert {(answer.status_code, answer.content, answer["WWW-Authenticate"]) for answer in answers} == {
        (401, b'{"error": "a token of API_TOKEN is missing"}', "Bearer")
    }


@pytest.mark.parametrize("authorization", [f"Basic {TOKEN}", TOKEN, f"Bearer{TOKEN}"])
def test_a_token_is_a_bearer_token(tokens, authorization):
    assert Client().get(f"/api/accounts/{uuid4()}", headers={"Authorization": authorization}).status_code == 401


def test_where_no_token_is_named_nobody_may_read(settings):
    settings.API_TOKENS = []
    assert ask(uuid4(), "").status_code == ask(uuid4(), "None").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_an_account_costs_four_questions(world, tokens, django_assert_num_queries):
    dana = Person.create()
    sweep()
    with django_assert_num_queries(4):  # the count of tries, the account, its steps, its workspace
        ask(dana.pk)


def test_guesses_at_a_token_are_counted_and_the_product_is_not_held_back_by_them(tokens):
    assert ask(uuid4(), "wrong").status_code == 401
    Tries.objects.filter(key__startswith="api refused network").update(count=99)
    assert [ask(uuid4(), "wrong").status_code for _ in range(2)] == [401, 429]
    held = ask(uuid4(), "wrong")
    assert held.json() == {"error": "too many requests"} and int(held["Retry-After"]) > 0
    assert ask(uuid4()).status_code == 404
    assert Event.objects.filter(kind="held_back.api without a token").count() == 1


def test_the_product_has_a_limit_too(tokens):
    ask(uuid4())
    Tries.objects.filter(key__startswith="api network").update(count=10_000)
    answer = ask(uuid4())
    assert answer.status_code == 429 and answer.json() and answer["Retry-After"]


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_only_reads(tokens, method):
    client = Client(enforce_csrf_checks=False)
    answer = getattr(client, method)(f"/api/accounts/{uuid4()}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 405


def test_head_says_whether_there_is_one(tokens):
    dana = Person.create()
    head = Client().head(f"/api/accounts/{dana.pk}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert head.status_code == 200 and head.content == b""
