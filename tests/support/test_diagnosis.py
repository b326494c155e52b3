"""Every diagnosis with its evidence; and for each that suggests an act, that the act resolves the case."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import Account, Event, Voice
from accounts.status import Status
from provisioning.models import Dependency, Outage, State, Step, Workspace
from provisioning.sweep import sweep
from support.actions import actions
from support.diagnosis.edit_distance import meant_domain, near_addresses
from support.diagnosis.facts import facts_of
from support.diagnosis.findings import TABLE, Facts, Trouble, diagnose
from tests.people import Person

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
AGO = NOW - timedelta(hours=1)


def dana(email="dana@acme.example", **fields):
    fields = {"status": Status.CREATED, "status_at": AGO, "mailbox_proven_at": AGO} | fields
    return Account(name="Dana Sommer", email=email, **fields)


def step(kind="workspace", state=State.OPEN, error="the workspace service said 503", **fields):
    dependency = "workspace" if kind == "workspace" else "mail"
    at = {"failed_at": AGO if error else None, "due_at": NOW}
    return Step(kind=kind, dependency=dependency, state=state, error=error, **at | fields)


def event(kind, voice=Voice.THEY, at=AGO, **fields):
    return Event(kind=kind, voice=voice, at=at, **fields)


def service(name="workspace", broken=False, last_ok_at=None):
    return {name: Dependency(name=name, broken=broken, last_ok_at=last_ok_at)}


def find(account=None, **known):
    return diagnose(Facts(account=account or dana(), now=NOW, **known))


CASES = {
    "suspended": {"account": dana(is_active=False)},
    "dep_down": {
        "steps": [step()],
        "services": service(broken=True),
        "troubles": {"workspace": Trouble(AGO, 8)},
    },
    "bounced": {"steps": [step("welcome_email", State.DEAD, "the mail service said 550", permanent=True)]},
    "likely_typo": {"account": dana(email="dana@gmial.com", mailbox_proven_at=None), "steps": [step(error="")]},
    "exists_but_no_record": {"steps": [step(state=State.DEAD, error="it said 422 already exists", permanent=True)]},
    "dep_back": {"steps": [step()], "services": service(last_ok_at=NOW)},
    "other_password": {"events": [event("signed_up_with_other_password")], "account": dana(status=Status.ACTIVE)},
    "refused": {"steps": [step(state=State.DEAD, error="it said 422 company name", permanent=True)]},
    "gave_up": {"account": dana(status=Status.FAILED), "steps": [step(state=State.DEAD)]},
    "debt": {"account": dana(status=Status.ACTIVE), "steps": [step(state=State.WAIVED, pay_by=NOW)]},
    "abandoned": {
        "account": dana(status=Status.ACTIVE, status_at=NOW - timedelta(days=2)),
        "events": [event("workspace.failed", Voice.WE, NOW - timedelta(days=3))],
    },
    "healing": {"steps": [step()]},
    "fine": {"account": dana(status=Status.ACTIVE), "events": [event("logged_in")]},
    "unknown": {"account": dana(status=Status.PROVISIONED)},
}
EVIDENCE = {
    "suspended": "the account is marked as suspended",
    "dep_down": "workspace: the workspace service said 503",
    "bounced": "welcome email: the mail service said 550",
    "likely_typo": "dana@gmial.com is one typo away, and nobody has confirmed this address",
    "exists_but_no_record": "workspace: it said 422 already exists",
    "dep_back": "workspace: the workspace service said 503",
    "other_password": "signed up again with another password",
    "refused": "workspace: it said 422 company name",
    "gave_up": "workspace: the workspace service said 503",
    "debt": "workspace: the workspace service said 503, promised by 25 Nov 10:00",
    "abandoned": "recovered then, and hasn't been back since",
    "healing": "workspace: the workspace service said 503",
    "fine": "last logged in",
    "unknown": None,
}


@pytest.mark.parametrize("code", [row.code for row in TABLE])
def test_each_row_with_its_evidence(code):
    finding = find(**CASES[code])
    assert finding.code == code
    assert [line.words for line in finding.evidence][:1] == ([EVIDENCE[code]] if EVIDENCE[code] else [])


def test_sentences_carry_the_facts():
    assert find(**CASES["dep_down"]).sentence.startswith(
        "Down for everyone: workspace since 09:00; 8 people are waiting for it."
    )
    bounced = {"account": dana(email="dana@gmial.com", mailbox_proven_at=None)} | CASES["bounced"]
    assert find(**bounced).sentence == "Their address doesn't accept our mail. Did they mean gmail.com?"
    assert find(**CASES["debt"]).sentence == "They've been let in without: workspace."
    assert find(**CASES["unknown"]).sentence == "I don't know."


def test_a_proved_mailbox_is_no_typo():
    assert find(dana(email="dana@gmial.com", status=Status.ACTIVE), events=[event("logged_in")]).code == "fine"


def test_the_company_says_what_was_meant():
    account = dana(email="dana@acmee.example", mailbox_proven_at=None)
    assert find(account, known_domains=frozenset({"acme.example"})).code == "likely_typo"


def test_an_address_put_right_does_not_bounce_any_more():
    events = [event("corrected_address", Voice.SUPPORT, NOW), event("mail.bounced", Voice.WE, AGO)]
    assert find(events=events[1:], steps=[step()]).code == "bounced"
    assert find(events=events, steps=[step()]).code == "healing"


def test_who_came_back_is_not_abandoned():
    case = CASES["abandoned"]
    seen = [event("logged_in", at=NOW - timedelta(hours=3)), *case["events"]]
    assert find(case["account"], events=seen).code == "fine"


def test_near_addresses_and_domains():
    others = ["dana@acne.com", "dina@acme.com", "bo@acme.com", "dana@acme.com", "dina@acne.com"]
    assert near_addresses("dana@acme.com", others) == ["dana@acne.com", "dina@acme.com"]
    assert meant_domain("x@hotmial.com") == "hotmail.com"
    assert meant_domain("x@gmail.com") == meant_domain("x@mail.com") == meant_domain("x@acme.example") == ""


# The suggested act, done for real, resolves the case.

resolves = pytest.mark.django_db(transaction=True)


def diagnosis_of(person):
    return diagnose(facts_of(Account.objects.get(pk=person.pk)))


def recover_as_suggested(person, jordan):
    assert diagnosis_of(person).act == "recover"
    actions.recover(person, jordan, "as suggested")
    sweep()
    person.refresh_from_db()
    assert person.status == Status.ACTIVE
    assert diagnosis_of(person).code == "fine"


@resolves
def test_gave_up_then_recovered(world, settings, jordan):
    settings.SETUP_GIVE_UP_AFTER = 1
    world[1].mode = "503"
    person = Person.create()
    sweep()
    assert diagnosis_of(person).code == "gave_up"
    world[1].mode = "ok"
    recover_as_suggested(person, jordan)


@resolves
def test_failed_while_it_was_down_then_recovered(world, jordan):
    world[1].mode = "503"
    person = Person.create()
    sweep()
    Dependency.objects.filter(name="workspace").update(last_ok_at=Now())
    assert diagnosis_of(person).code == "dep_back"
    world[1].mode = "ok"
    recover_as_suggested(person, jordan)


@resolves
def test_the_workspace_is_there_and_our_record_is_not(world, settings, jordan):
    """Its service made it and lost the answer; then a person put the record in by hand."""
    settings.SETUP_GIVE_UP_AFTER = 1
    world[1].mode = "reply_lost"
    person = Person.create()
    sweep()
    made = world[1].workspaces[str(person.pk)]
    Workspace.objects.create(account=person, key=made["key"], backend="http", reference=made["id"])
    assert diagnosis_of(person).code == "exists_but_no_record"
    world[1].mode = "ok"
    recover_as_suggested(person, jordan)
    assert world[1].effects[str(person.pk)] == 1


@resolves
def test_a_debt_is_paid(world, settings, jordan):
    settings.SETUP_GIVE_UP_AFTER = 1
    world[1].mode = "503"
    person = Person.create()
    sweep()
    actions.let_in(person, jordan, "a call at three", NOW)
    person.refresh_from_db()
    assert person.status == Status.ACTIVE and diagnosis_of(person).code == "debt"
    world[1].mode = "ok"
    recover_as_suggested(person, jordan)


@resolves
def test_another_password_gets_the_way_in(world, jordan):
    person = Person.create()
    sweep()
    Event.objects.create(account=person, voice=Voice.THEY, kind="signed_up_with_other_password")
    assert diagnosis_of(person).act == "send_link"
    actions.send_link(person, jordan, "as suggested", person.pk)
    sweep()
    letters = world[0].to(person.email)
    assert any("already have" in letter["Subject"] for letter in letters)


@resolves
def test_an_address_that_takes_no_mail_is_put_right(world, jordan):
    mail, _workspaces = world
    person = Person.create(email="dana@acme.exampel")
    mail.bad_rcpt(person.email)
    sweep()
    person.refresh_from_db()
    assert person.status == Status.FAILED
    assert (diagnosis_of(person).code, diagnosis_of(person).act) == ("bounced", "correct_address")
    actions.correct_address(person, jordan, "read out on the phone", "dana@acme.example")
    sweep()
    person.refresh_from_db()
    assert (person.status, person.email) == (Status.ACTIVE, "dana@acme.example")
    assert len(mail.to("dana@acme.example")) == 1 and not mail.to("dana@acme.exampel")
    assert diagnosis_of(person).code == "fine"


@resolves
def test_a_slip_in_the_address_is_asked_about_and_put_right(world, jordan):
    """The letter went somewhere; what is asked is a reply to whoever writes, and their answer is the proof."""
    person = Person.create(email="dana@gmial.com", mailbox_proven_at=None)
    sweep()
    finding = diagnosis_of(person)
    assert (finding.code, finding.act) == ("likely_typo", "ask") and "correct_address" in finding.alternatives
    actions.correct_address(person, jordan, "she wrote from there", "dana@gmail.com")
    sweep()
    assert len(world[0].to("dana@gmail.com")) == 1
    assert diagnosis_of(person).code == "fine"


@resolves
def test_an_outage_asks_for_nothing_and_letting_in_is_the_alternative(world, jordan):
    world[1].mode = "503"
    people = Person.create_batch(4)
    sweep()
    assert Outage.objects.filter(ended_at=None).exists()
    finding = diagnosis_of(people[0])
    assert (finding.code, finding.act, finding.alternatives) == ("dep_down", "wait", ("let_in",))
    actions.let_in(people[0], jordan, "a call at three", NOW)
    people[0].refresh_from_db()
    assert people[0].status == Status.ACTIVE
