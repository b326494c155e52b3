"""One poisoned row in each table that the sweep reads: the others are done, and the row is named at the desk."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from accounts.status import Status
from provisioning.doctor import EXAMINATIONS, Unwell
from provisioning.engine import faults
from provisioning.models import Attempt, Dependency, Fault, Heartbeat, Outage, Step
from provisioning.sweep import sweep
from support.models import (
    Affected,
    Away,
    DayLetter,
    Desk,
    Incident,
    Letter,
    Message,
    Promise,
    Question,
    Recovery,
    Ticket,
    TrustRepair,
    Turn,
    the_desk,
)
from support.models.desk import WEEKDAYS
from support.tickets import intake
from support.weekday_hours import parse_hours
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
FAR = ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
UNREADABLE = "infinity"  # a time that PostgreSQL has and Python has not


def run(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def write_past_everything(row, **values):
    for name, value in values.items():
        run(f"UPDATE {row._meta.db_table} SET {name} = %s WHERE {row._meta.pk.column} = %s", value, row.pk)


@pytest.fixture
def poison(db):
    """Every write to this one row fails, whatever is written."""
    tables = []

    def of(row):
        table = row._meta.db_table
        tables.append(table)
        run("CREATE OR REPLACE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'poison'; END$$")
        run(
            f"CREATE TRIGGER poisoned BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.id::text = '{row.pk}') "
            "EXECUTE FUNCTION poisoned()"
        )

    yield of
    for table in tables:
        run(f"DROP TRIGGER IF EXISTS poisoned ON {table}")
    run("DROP FUNCTION IF EXISTS poisoned()")


def twice():
    for _ in range(2):
        Heartbeat.objects.filter(name="rounds").update(at=Now() - HOUR)
        sweep()


def shown_at(desk):
    answer = desk.get("/admin/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def assert_named(row, desk):
    assert Heartbeat.objects.filter(name="sweep", at__gt=Now() - HOUR).exists()
    assert Fault.objects.filter(table=row._meta.label, row=str(row.pk)).exists()
    assert "The software couldn't handle this" in shown_at(desk)


# Three rows of each table, the first of which the sweep comes to first. `done` says of one whether it was done.


def given_up(many, needs="workspace"):
    people = Person.create_batch(many, status=Status.FAILED, asked_at=None)
    for person in people:
        Step.objects.create(account=person, kind="welcome_email", dependency="mail", state="done")
        Step.objects.create(account=person, kind="workspace", dependency=needs, state="dead", error="no")
    return people


def messages():
    return [Message.objects.create(email=f"{name}@acme.example", body="Hello") for name in "abc"]


def messages_of_people():
    people = Person.create_batch(3, status=Status.ACTIVE, asked_at=None)
    return [Message.objects.create(email=person.email, account=person, body="Hello") for person in people]


def repaired_messages():
    people = Person.create_batch(3, status=Status.ACTIVE, asked_at=None)
    return [Message.objects.create(email=p.email, account=p, body="Hello", read_at=Now()) for p in people]


def letters():
    return [
        Letter.objects.create(to=f"{name}@acme.example", subject=name, body="Hello", occasion=name) for name in "abc"
    ]


def letters_of_the_day():
    now = timezone.now()
    facts = {"desk": "Jordan", "reasons": ["two outages"]}
    days = [now.date() - timedelta(days=number) for number in range(3)]
    return [
        DayLetter.objects.create(
            kind="owner", day=day, to="owner@acme.example", facts=facts, made_at=now - HOUR, due_at=now - HOUR
        )
        for day in days
    ]


def tickets(status=Status.ACTIVE, **fields):
    people = Person.create_batch(3, status=status, asked_at=None)
    fields = {"why": "gave_up", "opened_at": timezone.now() - HOUR} | fields
    return [Ticket.objects.create(account=person, email=person.email, **fields) for person in people]


def sleeping_tickets():
    return tickets(why="wrote", asleep_since=Now(), asleep_until=Now() - HOUR)


def stale_tickets():
    return tickets(why="wrote", facts_at=Now() - HOUR)


def promises(ticket_closed=True):
    now = timezone.now()
    made = tickets(why="wrote", closed_at=now if ticket_closed else None)
    due = now - HOUR / 2
    return [
        Promise.objects.create(ticket=t, account=t.account, email=t.email, said_in="x", made_at=now - HOUR, due=due)
        for t in made
    ]


def overdue_promises():
    return promises(ticket_closed=False)


def incidents():
    began = timezone.now() - HOUR
    return [
        Incident.objects.create(dependency=name, failure="5xx", error="503", began_at=began, ended_at=timezone.now())
        for name in ("crm", "billing", "fax")
    ]


def people_of_an_incident():
    incident = incidents()[0]
    service = Dependency.objects.create(name=incident.dependency, broken=True, probe_at=Now() + HOUR)
    outage = Outage.objects.create(dependency=service, failure="5xx", error="503", began_at=incident.began_at)
    Incident.objects.filter(pk=incident.pk).update(ended_at=None, outage=outage)  # of one that is over nobody is told
    people = Person.create_batch(3, status=Status.ACTIVE, asked_at=None)
    return [Affected.objects.create(incident=incident, account=person) for person in people]


def repairs(**fields):
    now = timezone.now()
    values = {
        "incident": "alone",
        "level": "automatic",
        "state": "owed",
        "harms": {"minutes_waited": 20},
        "ready_at": now - HOUR,
        "opened_at": now - HOUR,
    }
    people = Person.create_batch(3, status=Status.ACTIVE, asked_at=None)
    return [TrustRepair.objects.create(account=person, **values | fields) for person in people]


def sent_repairs():
    return repairs(state="sent", sent_at=timezone.now() - 48 * HOUR)


def turns():
    Dependency.objects.create(name="crm")
    incident = incidents()[0]
    recovery = Recovery.objects.create(incident=incident, reason="the crm works again")
    people = given_up(2, needs="crm")
    return [Turn.objects.create(recovery=recovery, account=person) for person in people]


def when(**fields):
    return lambda row: type(row).objects.filter(pk=row.pk, **fields).exists()


def is_owed(kind):
    return lambda row: Step.objects.filter(account=row.account_id, kind=kind).exists()


WRITES = {
    "message": (messages, when(settled_at__isnull=False)),
    "message of an account": (messages_of_people, when(settled_at__isnull=False)),
    "message answered": (repaired_messages, is_owed("letter.repaired")),
    "letter": (letters, when(sent_at__isnull=False)),
    "day letter": (letters_of_the_day, when(sent_at__isnull=False)),
    "ticket healed": (tickets, when(closed_at__isnull=False)),
    "ticket asleep": (sleeping_tickets, when(asleep_since=None)),
    "ticket stale": (stale_tickets, lambda t: when(facts_at__gt=Now() - HOUR / 2)(t)),
    "promise kept": (promises, when(kept_at__isnull=False)),
    "promise overdue": (overdue_promises, when(broken_at__isnull=False)),
    "incident": (incidents, when(closed_at__isnull=False)),
    "notice": (people_of_an_incident, when(told_at__isnull=False)),
    "trust repair owed": (repairs, when(state="sent")),
    "trust repair sent": (sent_repairs, when(followed_up_at__isnull=False)),
    "turn": (turns, when(outcome__gt="")),
}


@pytest.mark.parametrize("table", WRITES)
def test_a_row_that_cannot_be_written_holds_up_no_other(table, poison, world, desk):
    make, done = WRITES[table]
    first, *others = make()
    poison(first)
    twice()
    assert not done(first) or table == "message answered"
    assert all(done(row) for row in others)
    assert_named(first, desk)


READ = {
    "message": (messages, "at", when(settled_at__isnull=False)),
    "letter": (letters, "written_at", when(sent_at__isnull=False)),
    "day letter": (letters_of_the_day, "made_at", when(sent_at__isnull=False)),
    "ticket healed": (tickets, "facts_at", when(closed_at__isnull=False)),
    "promise kept": (promises, "due", when(kept_at__isnull=False)),
    "promise overdue": (overdue_promises, "told_at", when(broken_at__isnull=False)),
    "trust repair owed": (repairs, "ready_at", when(state="sent")),
    "trust repair sent": (sent_repairs, "ready_at", when(followed_up_at__isnull=False)),
}


@pytest.mark.parametrize("table", READ)
def test_a_row_that_cannot_be_read_holds_up_no_other(table, world, desk):
    make, column, done = READ[table]
    first, *others = make()
    write_past_everything(first, **{column: UNREADABLE})
    twice()
    assert all(done(row) for row in others)
    assert_named(first, desk)


FACTS = {
    "day letter": (letters_of_the_day, "facts", '["a list"]', when(sent_at__isnull=False)),
    "trust repair without a date": (sent_repairs, "sent_at", None, when(followed_up_at__isnull=False)),
}


@pytest.mark.parametrize("table", FACTS)
def test_a_row_whose_facts_are_of_another_shape_holds_up_no_other(table, world, desk):
    make, column, value, done = FACTS[table]
    first, *others = make()
    write_past_everything(first, **{column: value})
    twice()
    assert all(done(row) for row in others)
    assert_named(first, desk)


def test_more_poisoned_rows_than_a_batch_holds_do_not_keep_the_next_one_waiting(poison, monkeypatch, world):
    monkeypatch.setattr("support.tickets.intake.BATCH", 3)
    rows = [Message.objects.create(email=f"m{n}@acme.example", body="Hello", at=Now()) for n in range(4)]
    run("CREATE OR REPLACE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'poison'; END$$")
    run(
        "CREATE TRIGGER poisoned BEFORE UPDATE ON support_message FOR EACH ROW "
        f"WHEN (OLD.id < {rows[3].pk}) EXECUTE FUNCTION poisoned()"
    )
    try:
        twice()
    finally:
        run("DROP TRIGGER poisoned ON support_message")
        run("DROP FUNCTION poisoned()")
    assert Message.objects.get(pk=rows[3].pk).settled_at
    assert Fault.objects.filter(table="support.Message").count() == 3


def test_once_it_can_be_written_it_is_done_and_not_shown_any_more(poison, desk, world):
    first = messages()[0]
    poison(first)
    twice()
    run("DROP TRIGGER poisoned ON support_message")
    Fault.objects.update(next_at=Now())
    twice()
    assert Message.objects.get(pk=first.pk).settled_at
    assert not Fault.objects.exists() and "could not handle" not in shown_at(desk)


@pytest.mark.parametrize("column", ["asked_at", "status_at", "created_at"])
def test_an_account_that_cannot_be_read(column, world, desk):
    first, *others = given_up(3)
    write_past_everything(first, **{column: UNREADABLE})
    twice()
    assert Ticket.objects.filter(account__in=[person.pk for person in others]).count() == 2
    assert_named(first, desk)
    run("UPDATE accounts_account SET asked_at = NULL, status_at = now(), created_at = now()")


def test_an_account_that_cannot_be_written(poison, world, desk):
    first, *others = Person.create_batch(3)
    poison(first)
    twice()
    assert Account.objects.filter(pk__in=[person.pk for person in others], status=Status.ACTIVE).count() == 2
    assert_named(first, desk)


def test_a_step_that_cannot_be_written(poison, world, desk):
    first, *others = Person.create_batch(3, asked_at=None)
    steps = [
        Step.objects.create(account=person, kind="workspace", dependency="workspace") for person in [first, *others]
    ]
    poison(steps[0])
    twice()
    assert Step.objects.filter(pk__in=[step.pk for step in steps[1:]], state="done").count() == 2
    assert_named(steps[0], desk)


@pytest.mark.parametrize(
    "poisoned",
    [
        {"name": "", "company": ""},
        {"name": "   "},
        {"language": "xx-nope!"},
        {"name": "\N{PILE OF POO}" * 100},
        {"needed_by": "9999-12-31T23:59:59Z"},
        {"needed_by": "0001-01-01T00:00:00Z"},
        {"created_at": "0001-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_an_account_with_facts_that_nobody_has(poisoned, world, desk):
    people = given_up(3)
    write_past_everything(people[0], **poisoned)
    harmed = Person.create(status=Status.ACTIVE, status_at=Now(), asked_at=None)
    write_past_everything(harmed, **poisoned)
    step = Step.objects.create(account=harmed, kind="workspace", dependency="workspace", state="done")
    Attempt.objects.create(step=step, epoch=1, outcome="failed", seconds=1)
    twice()
    assert Ticket.objects.filter(account__in=[person.pk for person in people]).count() == 3
    assert not Fault.objects.filter(table="phase").exists()
    shown_at(desk)
    assert desk.get(f"/admin/accounts/account/{people[0].pk}/change/").status_code == 200


@pytest.mark.parametrize(
    "times",
    [
        {"made_at": "0001-01-01T00:00:00Z", "due": "0001-01-01T00:00:00Z"},
        {"due": "9999-12-31T23:59:59Z"},
        {"kept_at": "9999-12-31T23:59:59Z", "due": "9999-12-31T23:59:59Z"},
        {"kept_at": "0001-01-01T00:00:00Z", "made_at": "0001-01-01T00:00:00Z"},
        {"due": UNREADABLE},
        {"broken_at": UNREADABLE},
        {"kept_at": UNREADABLE},
    ],
    ids=str,
)
def test_one_promise_out_of_time_spoils_no_sum(times, world, desk):
    the_desk()
    now = timezone.now()
    for number in range(9):
        start = now - (number + 3) * HOUR
        Promise.objects.create(email="x@acme.example", said_in="x", made_at=start, due=start + HOUR, kept_at=start)
    write_past_everything(Promise.objects.last(), **times)
    write_past_everything(the_desk(), time_zone="America/Los_Angeles")
    waiting = tickets(status=Status.CREATED, why="wrote")
    twice()
    assert Promise.objects.filter(ticket__in=waiting).count() == 3
    assert not Fault.objects.filter(table="phase").exists()
    shown_at(desk)


@pytest.mark.parametrize("at", FAR)
def test_messages_of_another_age(at, world, desk):
    first, *_others = rows = messages()
    first.body = "x" * 1_000_000
    first.save()
    write_past_everything(first, at=at)
    twice()
    assert Message.objects.filter(settled_at__isnull=False).count() == len(rows)
    assert shown_at(desk)
    for ticket in Ticket.objects.all():
        assert desk.get(f"/admin/?ticket={ticket.pk}").status_code == 200


BAD_DESKS = [
    {"time_zone": "Mars/Base"},
    {"time_zone": "Europe"},
    {"time_zone": "../../etc/passwd"},
    {"time_zone": ""},
    {"holidays_country": "XX"},
    {"holidays_country": "DE", "holidays_subdivision": "NOWHERE"},
    dict.fromkeys(WEEKDAYS, "from nine to never"),
    {"monday": "9:00-9:00"},
]


@pytest.mark.parametrize("fields", BAD_DESKS, ids=str)
def test_a_desk_that_was_written_by_hand(fields, world, desk):
    write_past_everything(the_desk(), **fields)
    row, waiting = the_desk(), tickets(status=Status.CREATED, why="wrote")
    twice()
    assert all(is_owed("letter.taken")(ticket) for ticket in waiting)
    assert row.unreadable() and row.schedule() and the_desk().said
    assert_named(row, desk)
    Desk.objects.all().delete()
    twice()
    assert "could not handle" not in shown_at(desk)


def test_huge_numbers_at_the_desk(world, desk):
    write_past_everything(the_desk(), rule_after=2**31 - 1, debt_days=2**31 - 1, blocked_limit=2**31 - 1)
    Desk.objects.update(let_in_by_rule=True, backup_email="robin@acme.example", **dict.fromkeys(WEEKDAYS, ""))
    dependency = Dependency.objects.create(name="workspace", broken=True, probe_at=Now() + HOUR)
    Outage.objects.create(dependency=dependency, failure="5xx", error="503")
    Person.create(needed_by=timezone.now() + HOUR, mailbox_proven_at=Now(), asked_at=None)
    twice()
    assert not Fault.objects.exists()


def test_a_desk_that_cannot_be_written(poison, world, desk):
    row, rows = the_desk(), messages()
    poison(row)
    twice()
    assert Message.objects.filter(settled_at__isnull=False).count() == len(rows)
    assert Fault.objects.filter(table="support.Desk", row="1").exists()


@pytest.mark.parametrize(
    ("start", "until"), [("-infinity", "infinity"), ("0001-01-01", "9999-12-31"), ("2026-11-02", "2026-11-01")]
)
def test_being_away_for_ever_or_backwards(start, until, world, desk):
    the_desk()
    Away.objects.create(start=timezone.now() - 2 * HOUR, until=timezone.now() - HOUR)
    run("ALTER TABLE support_away DROP CONSTRAINT away_ends_later")
    try:
        run("UPDATE support_away SET start = %s, until = %s", start, until)
        waiting = tickets(status=Status.CREATED, why="wrote")
        twice()
        assert all(is_owed("letter.taken")(ticket) for ticket in waiting)
        assert not Fault.objects.exists()
        shown_at(desk)
    finally:
        run("DELETE FROM support_away")
        run("ALTER TABLE support_away ADD CONSTRAINT away_ends_later CHECK (until IS NULL OR until >= start)")


@pytest.mark.parametrize("began", [*FAR, UNREADABLE])
def test_an_outage_that_nobody_knows_or_that_has_not_begun(began, world, desk):
    rows = []
    for name in ("nobody-knows-it", "crm", "billing"):
        dependency = Dependency.objects.create(name=name, broken=True, probe_at=Now() + HOUR)
        rows.append(Outage.objects.create(dependency=dependency, failure="5xx", error="503"))
    write_past_everything(rows[0], began_at=began)
    twice()
    assert Incident.objects.filter(outage__in=rows[1:]).count() == 2
    assert set(Question.objects.values_list("outage", flat=True)) >= {row.pk for row in rows[1:]}
    assert not Fault.objects.filter(table="phase").exists()
    shown_at(desk)
    write_past_everything(rows[0], began_at="2026-01-01T00:00:00Z")  # it could not be read, and not be deleted


@pytest.mark.parametrize("began", FAR)
def test_an_incident_that_has_not_begun(began, world, desk):
    first, *others = incidents()
    write_past_everything(first, began_at=began)
    Affected.objects.create(incident=first, account=Person.create(status=Status.ACTIVE, asked_at=None))
    twice()
    assert not Incident.objects.filter(pk__in=[row.pk for row in others], closed_at=None).exists()
    assert not Fault.objects.filter(table="phase").exists()
    shown_at(desk)


@pytest.mark.parametrize("to", ["a@ex\u200eample.com", "dana@[192.0.2.7", "…", "dana", "a@" + "b" * 250 + ".example"])
def test_a_letter_that_no_mail_service_can_be_given_is_refused_once_and_shown(to, world, desk):
    ticket = Ticket.objects.create(email=to[:250], why="wrote")
    first, *others = letters()
    write_past_everything(first, **{'"to"': to, "ticket_id": ticket.pk})
    twice()
    twice()
    assert Letter.objects.filter(pk__in=[row.pk for row in others], sent_at__isnull=False).count() == 2
    letter = Letter.objects.get(pk=first.pk)
    if letter.sent_at is None:
        assert letter.given_up_at and letter.attempts == 1
        assert "The email “a” couldn't be sent" in shown_at(desk) and "not tried again" in shown_at(desk)


def test_a_part_of_the_sweep_that_breaks_ends_only_its_own_turn(world, desk, monkeypatch):
    def broken(*_):
        raise KeyError("x")

    monkeypatch.setattr("support.tickets.queue.wake", broken)
    monkeypatch.setattr("support.service_level.promises.keep_answered", broken)
    rows, late = messages(), overdue_promises()
    Ticket.objects.create(email="x@acme.example", why="wrote", asleep_since=Now() - HOUR, asleep_until=Now())
    twice()
    assert Message.objects.filter(settled_at__isnull=False).count() == len(rows)
    assert all(when(broken_at__isnull=False)(promise) for promise in late)
    assert Fault.objects.filter(table="phase").count() == 2
    assert "Part of the sweep: keeping promises" in shown_at(desk)


def test_the_page_lives_with_faults_of_rows_that_are_gone_or_never_were(desk):
    for table, row in [("support.Message", "99"), ("support.Message", "x"), ("no.Table", "1"), ("nonsense", "1")]:
        Fault.objects.create(table=table, row=row, doing="reading", words="reading: ValueError: x", next_at=Now())
    for number in range(20):
        Fault.objects.create(table="phase", row=f"part {number}", words="KeyError: x", next_at=Now())
    html = shown_at(desk)
    assert "There are more" in html and "Part of the sweep: part 19" in html


def test_the_line_leads_to_the_person(desk):
    ticket = tickets()[0]
    faults.note(ticket, "closing this ticket", ValueError("no"))
    html = shown_at(desk)
    assert f'href="/admin/accounts/account/{ticket.account_id}/change/">{ticket.account.name}' in html
    assert "tried once" in html and "ValueError: no" in html


def test_doctor_counts_them(db):
    assert "nothing" in EXAMINATIONS["Faults"]()
    faults.note(the_desk(), "reading the desk's hours", ValueError("Mars"))
    with pytest.raises(Unwell, match="1 thing"):
        EXAMINATIONS["Faults"]()


def test_hours_are_parsed_or_refused():
    with pytest.raises(ValueError):
        parse_hours("from nine to never")


def queries_for(many):
    for _ in range(many):
        Message.objects.create(email=f"m{Message.objects.count()}@acme.example", body="Hello")
    with CaptureQueriesContext(connection) as queries:
        intake.begin_repairs()
    return len(queries)


def test_whoever_is_well_costs_a_savepoint_and_not_one_query_more(db):
    """Seven before: the account, two saves, the ticket, and the letter that says that no account is there."""
    assert queries_for(13) - queries_for(3) <= 10 * (7 + len(("SAVEPOINT", "RELEASE")))
