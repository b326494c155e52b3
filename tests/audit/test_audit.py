"""The audit finds each planted wrong by its name, and nothing on a site where all is well."""

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.database.clock import database_now
from accounts.models import Account
from accounts.status import Status
from provisioning.engine import settle
from provisioning.engine.claim import Result
from provisioning.models import Attempt, Audit, Errand, Outcome, State, Step, Workspace
from provisioning.sweep import sweep
from provisioning.workspaces import postgres_schema
from support.audit import audit as audits
from support.audit import daily
from support.models import Letter, Message, Promise, Ticket
from support.tasks import audit_
from tests.people import Person, Supporter

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=3)


@pytest.fixture
def dana(db):
    """She arrived three hours ago, and all of it was written down."""
    dana = Person.create(status=Status.ACTIVE, asked_at=None)
    ago = Now() - LONG_AGO
    Account.objects.filter(pk=dana.pk).update(created_at=ago - LONG_AGO, status_at=ago)
    for kind, dependency in (("welcome_email", "mail"), ("workspace", "workspace")):
        step = Step.objects.create(account=dana, kind=kind, dependency=dependency, state=State.DONE, epoch=2)
        Step.objects.filter(pk=step.pk).update(created_at=ago - LONG_AGO, done_at=ago)
        Attempt.objects.create(step=step, epoch=1, outcome=Outcome.DONE, seconds=0.1)
    Workspace.objects.create(account=dana, key=step.key, backend="http", reference="a", created_at=ago)
    dana.refresh_from_db()
    return dana


@pytest.fixture
def rooms(settings):
    """Workspaces as schemas of our own database: they can be listed."""
    settings.WORKSPACE_URL = "postgres-schema:"


def say() -> str:
    said = StringIO()
    try:
        call_command("audit", stdout=said)
    except CommandError as wrong:
        said.write(str(wrong))
    return said.getvalue()


def ticket_for(account, **facts):
    return Ticket.objects.create(account=account, email="dana@acme.example", why="gave_up", **facts)


def a_room_without_an_account(dana):
    stranger = Step(account=Person.create(status=Status.ACTIVE, asked_at=None), kind="workspace")
    postgres_schema.create(stranger, "postgres-schema:")
    Account.objects.filter(pk=stranger.account_id)._raw_delete("default")
    return "workspaces: there, of no account"


def an_account_without_its_room(dana):
    Workspace.objects.all().delete()
    return "people: promised a workspace that is not there"


def a_room_that_the_list_does_not_have(dana):
    Workspace.objects.update(backend="postgres-schema")
    return "workspaces: promised, and not there"


def failed_without_a_ticket(dana):
    Account.objects.update(status=Status.FAILED)
    return "people: given up, without a ticket"


def a_letter_marked_sent_that_was_not(dana):
    Attempt.objects.filter(step__kind="welcome_email").delete()
    return "steps and emails: email said to be sent, and never handed over"


def a_reply_marked_sent_that_was_not(dana):
    Letter.objects.create(to=dana.email, subject="Hello", body="…", occasion="a reply", sent_at=Now())
    return "emails of the desk: said to be sent, and never handed over"


def an_owed_step_without_a_time(dana):
    Account.objects.update(status=Status.EMAIL_SENT)
    Step.objects.filter(kind="workspace").update(state=State.OPEN, due_at=Now() + timedelta(days=4000))
    return "steps and emails: owed, with no time that comes"


def a_kind_nobody_knows(dana):
    Step.objects.create(account=dana, kind="shop.gone", dependency="shop")
    Step.objects.filter(kind="shop.gone").update(created_at=Now() - LONG_AGO)
    return "steps and emails: owed, of a kind that no code here knows"


def active_with_an_unpaid_step(dana):
    Step.objects.filter(kind="workspace").update(state=State.OPEN, done_at=None)
    return "people: active, with a step that was never finished"


def let_in_and_no_day_named(dana):
    Step.objects.filter(kind="workspace").update(state=State.WAIVED, done_at=None)
    return "steps and emails: let in without it, and no day named"


def a_promise_broken_and_not_told(dana):
    promise_to(dana, due=Now() - LONG_AGO, broken_at=Now() - LONG_AGO)
    return "promises: broken, and not told"


def a_promise_nobody_looked_at(dana):
    promise_to(dana, due=Now() - LONG_AGO)
    return "promises: past its time, and not said to be broken"


def a_ticket_of_a_deleted_account(dana):
    ticket_for(None)
    return "open tickets: of an account that is gone"


def a_ticket_of_an_account_that_works(dana):
    ticket_for(dana, opened_at=Now() - LONG_AGO)
    return "open tickets: of an account that works"


def a_ticket_put_aside_for_ever(dana):
    ticket_for(None, asleep_since=Now(), asleep_until=Now() + timedelta(days=400))
    Ticket.objects.update(why="wrote")
    return "open tickets: put aside, with no time that comes"


def time_from_the_future(dana):
    Account.objects.update(status_at=Now() + timedelta(days=2))
    return "people: dated in the future"


def unfinished_and_owed_nothing(dana):
    Account.objects.update(status=Status.CREATED)
    return "people: unfinished, and owed nothing"


def came_back_and_nobody_looked(dana):
    Account.objects.update(status=Status.CREATED, asked_at=Now() - LONG_AGO)
    return "people: came back, and nobody looked"


def given_up_and_said_to_be_under_way(dana):
    Account.objects.update(status=Status.EMAIL_SENT)
    Step.objects.filter(kind="workspace").update(state=State.DEAD, failed_at=Now() - LONG_AGO)
    return "people: said to be under way, with a step given up"


def a_later_step_given_up_and_nobody_asked(dana):
    Step.objects.filter(kind="workspace").update(state=State.DEAD, failed_at=Now() - LONG_AGO)
    return "people: active, with a later step given up and nobody asked"


def a_message_nobody_looked_at(dana):
    Message.objects.create(email=dana.email, body="Hello?", at=Now() - LONG_AGO)
    return "messages to the desk: come, and nobody looked"


def promise_to(dana, **times):
    ticket = Ticket.objects.create(account=dana, email=dana.email, why="wrote")
    made = Now() - 2 * LONG_AGO
    Promise.objects.create(ticket=ticket, account=dana, email=dana.email, said_in="page", made_at=made, **times)


def an_errand_nobody_knows(dana):
    Errand.objects.create(account=dana.pk, kind="product.gone", occasion="x", dependency="product")
    Errand.objects.update(created_at=Now() - LONG_AGO)
    return "calls to services: owed, of a kind that no code here knows"


PLANTED = [
    an_errand_nobody_knows,
    a_room_without_an_account,
    an_account_without_its_room,
    a_room_that_the_list_does_not_have,
    failed_without_a_ticket,
    a_letter_marked_sent_that_was_not,
    a_reply_marked_sent_that_was_not,
    an_owed_step_without_a_time,
    a_kind_nobody_knows,
    active_with_an_unpaid_step,
    let_in_and_no_day_named,
    a_promise_broken_and_not_told,
    a_promise_nobody_looked_at,
    a_ticket_of_a_deleted_account,
    a_ticket_of_an_account_that_works,
    a_ticket_put_aside_for_ever,
    time_from_the_future,
    unfinished_and_owed_nothing,
    came_back_and_nobody_looked,
    given_up_and_said_to_be_under_way,
    a_later_step_given_up_and_nobody_asked,
    a_message_nobody_looked_at,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_each_planted_wrong_is_found_by_its_name(dana, rooms, plant):
    what = plant(dana)
    said = say()
    assert f"\n{what}: " in said
    assert "\nunaccounted: 1\n" in said and "Nobody accounts for 1;" in said


def test_who_it_is_about_is_named(dana, rooms):
    a_promise_broken_and_not_told(dana)
    assert f"{dana.reference} {dana.name} <{dana.email}>" in say()


def test_a_healthy_site_in_every_honest_state(dana, rooms):
    """Nobody here is finished, and everybody is accounted for."""
    Supporter.create()
    Person.create()  # signed up a moment ago
    Person.create(is_active=False)
    Person.create(status=Status.ACTIVE, asked_at=None)  # brought along from before, with nothing owed
    failed = Person.create(status=Status.FAILED, asked_at=None)
    ticket_for(failed, opened_at=Now() - LONG_AGO)
    owed = Person.create(status=Status.EMAIL_SENT, asked_at=None)
    Step.objects.create(account=owed, kind="workspace", dependency="workspace", due_at=Now() + timedelta(hours=1))
    let_in = Person.create(status=Status.ACTIVE, asked_at=None)
    Step.objects.create(
        account=let_in, kind="workspace", dependency="workspace", state=State.WAIVED, pay_by=Now() + LONG_AGO
    )
    promise_to(dana, due=Now() + LONG_AGO)
    promise_to(owed, due=Now() - LONG_AGO, broken_at=Now() - LONG_AGO, told_at=Now() - LONG_AGO)
    promise_to(let_in, due=Now() - LONG_AGO, kept_at=Now() - 1.5 * LONG_AGO)
    Message.objects.create(email="stranger@acme.example", body="Hello?")
    said = say()
    assert said.endswith("\nunaccounted: 0\n")
    for line in ("1  suspended", "1  given up, with an open ticket", "1  broken, and told", "1  come just now"):
        assert line in said


def test_in_batches_nobody_is_left_out_or_counted_twice(rooms, monkeypatch):
    monkeypatch.setattr(audits, "BATCH", 3)
    Person.create_batch(10, status=Status.FAILED, asked_at=None)
    Account.objects.update(status_at=Now() - LONG_AGO)
    result = audits.audit()
    assert result.unaccounted == result.counts["people"]["given up, without a ticket"] == 10
    assert len({key for _book, _said, key in result.rows}) == 10


def test_the_named_are_few_and_the_count_is_whole(rooms):
    Person.create_batch(30, status=Status.FAILED, asked_at=None)
    Account.objects.update(status_at=Now() - LONG_AGO)
    result = audits.audit()
    assert (result.unaccounted, len(result.rows)) == (30, audits.SHOWN)


@pytest.mark.django_db(transaction=True)
def test_after_a_restore_the_people_and_rooms_that_differ_are_named(settings, mail):
    """The backup is older than one room and one deletion."""
    settings.WORKSPACE_URL = "postgres-schema:"
    people = Person.create_batch(3)
    sweep()
    Workspace.objects.update(created_at=Now() - LONG_AGO)
    after, deleted, same = people
    key = after.pk
    after.delete()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {postgres_schema.name_for(key)}")
    postgres_schema.remove(deleted.pk)
    said = say()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {postgres_schema.name_for(key)}")
    postgres_schema.remove(same.pk)
    assert f"workspaces: there, of no account: {key}\n" in said
    assert f"workspaces: promised, and not there: {deleted.pk} {deleted.reference} {deleted.name}" in said
    assert str(same.pk) not in said and "unaccounted: 2" in said


def test_a_service_without_a_list_is_said_and_not_taken_for_well(dana, workspaces):
    workspaces.mode = "refused"
    said = say()
    assert "The workspaces were not compared: the workspace service " in said
    assert "unaccounted: 0" in said


def test_a_room_whose_end_is_owed_is_accounted_for(dana, monkeypatch):
    gone = uuid.uuid4()
    Errand.objects.create(account=gone, kind="workspace.delete", occasion="y", dependency="workspace")
    monkeypatch.setattr(audits, "list_workspaces", lambda: iter([str(gone)]))
    said = say()
    assert "1  there, and its end is owed" in said and "unaccounted: 0" in said


def test_it_changes_nothing_but_its_own_result(dana, rooms):
    before = list(Step.objects.order_by("pk").values())
    say()
    assert list(Step.objects.order_by("pk").values()) == before and Audit.objects.count() == 1


def test_a_monitor_reads_how_many_and_when(dana, rooms, client):
    assert "arrivals_unaccounted" not in client.get("/metrics").content.decode()
    failed_without_a_ticket(dana)
    say()
    text = client.get("/metrics").content.decode()
    assert "arrivals_unaccounted 1.0" in text
    at = float(text.split("arrivals_last_audit_seconds ")[-1].split()[0])
    assert abs(at - database_now().timestamp()) < 60


def test_the_desk_says_so_while_there_are_any(dana, rooms, jordan):
    desk = Client()
    desk.force_login(jordan)
    say()
    assert "nobody accounts for" not in desk.get("/admin/").content.decode()
    failed_without_a_ticket(dana)
    say()
    assert "found one row that nobody accounts for" in " ".join(desk.get("/admin/").content.decode().split())


def test_once_a_day(dana, rooms):
    audit_()
    audit_()
    assert Audit.objects.count() == 1
    Audit.objects.update(at=Now() - timedelta(hours=25))
    audit_()
    assert Audit.objects.count() == 2
    Audit.objects.update(at=Now() + timedelta(days=900))  # written while the clock was wrong
    audit_()
    last = Audit.objects.last()
    assert last and last.at <= database_now()


def test_the_sweep_asks_for_it_and_a_dead_broker_costs_nothing(rooms, monkeypatch):
    asked = []
    monkeypatch.setattr(daily.current_app, "send_task", lambda name, **more: asked.append(name))
    daily.ask(database_now())
    daily.ask(database_now())
    assert asked == ["support.audit"]
    monkeypatch.setattr(daily, "first_this", lambda *_: True)
    monkeypatch.setattr(daily.current_app, "send_task", broken)
    daily.ask(database_now())


def broken(*_, **__):
    raise OSError("no broker")


def test_an_email_whose_settling_broke_was_handed_over_all_the_same(dana, rooms):
    """Its step alone could be written, and a try that says so."""
    step = Step.objects.get(kind="welcome_email")
    Attempt.objects.filter(step=step).delete()
    Step.objects.filter(pk=step.pk).update(state=State.OPEN, done_at=None)
    settle.set_aside(Result(step, 0.1, "sent"), ValueError("on purpose"))
    assert "1  email handed over" in say()
    assert Attempt.objects.get(step=step).outcome == Outcome.DONE


def test_old_results_go(dana, rooms):
    Audit.objects.create(at=Now() - timedelta(days=100), seconds=1, unaccounted=0, counts={}, rows=[])
    say()
    assert Audit.objects.count() == 1


def test_a_key_that_is_no_key_is_a_room_of_nobody(dana, monkeypatch):
    monkeypatch.setattr(audits, "list_workspaces", lambda: iter([str(dana.pk), "acme", str(uuid.UUID(int=7))]))
    assert "workspaces: there, of no account: acme" in say()
