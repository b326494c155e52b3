"""Three hundred people in one outage: one item, one letter to support, one notice each; then everybody is back."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db.models import F
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from accounts.status import Status
from provisioning.intake.outbox import owe_letter
from provisioning.models import Dependency, Outage, State, Step
from provisioning.sweep import drain, fetch_everywhere, sweep
from support.incidents import bulk_recovery
from support.incidents.detection import failure_class
from support.models import Affected, Desk, Incident, Letter, Recovery, Ticket, Turn, the_desk
from tests.people import Person
from tests.voice.ageing import pass_time

database = pytest.mark.django_db(transaction=True)
MANY = 300
AGING = {
    Incident: ["began_at", "ended_at", "closed_at"],
    Outage: ["began_at", "ended_at"],
    Step: ["failed_at"],
}


@pytest.fixture(autouse=True)
def awake(request):
    """Whoever is at the desk hears of an incident at any hour of the test's day."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("transactional_db")
        the_desk()
        Desk.objects.update(wake_at_night=True)


def time_passes(minutes=10):
    """Until the next probe and the next moment's tokens; and everything that was noted is that much older."""
    ago = timedelta(minutes=minutes)
    Dependency.objects.filter(broken=True).update(probe_at=Now())
    Dependency.objects.filter(rate__isnull=False).update(refilled_at=Now() - timedelta(seconds=1))
    for model, fields in AGING.items():
        model._default_manager.update(**{field: F(field) - ago for field in fields})


def until_all_are_active():
    for _ in range(40):
        Dependency.objects.filter(broken=True).update(probe_at=Now())
        Dependency.objects.filter(rate__isnull=False).update(refilled_at=Now() - timedelta(seconds=1))
        fetch_everywhere()
        drain()
        if not Account.objects.exclude(status=Status.ACTIVE).filter(is_staff=False).exists():
            break
    fetch_everywhere()


@database
def test_three_hundred_people_are_one_item_and_one_letter(world, desk, settings):
    mail, workspaces = world
    workspaces.mode = "503"
    Person.create_batch(MANY)
    sweep()
    assert Incident.objects.get().dependency == "workspace"
    assert Affected.objects.count() == MANY
    html = desk.get("/admin/").content.decode()
    assert f"{MANY} people" in html and Ticket.objects.count() == 0
    pass_time(timedelta(minutes=40))
    time_passes(0)
    sweep()
    until_posted()
    assert len(mail.to(settings.SUPPORT_EMAIL)) == 1
    told = [letter["To"] for letter in mail.letters if "hasn't been working since" in words_of(letter)]
    assert len(told) == len(set(told)) == MANY, "each once: by the welcome email, or by a notice"
    workspaces.mode = "ok"
    until_all_are_active()
    assert Incident.objects.get().closed_at
    assert "Nobody needs you right now." in desk.get("/admin/").content.decode()
    assert len(mail.to(settings.SUPPORT_EMAIL)) == 1


def words_of(letter) -> str:
    return " ".join(letter.get_body(("plain",)).get_content().split())


def until_posted():
    for _ in range(6):
        Dependency.objects.filter(rate__isnull=False).update(refilled_at=Now() - timedelta(seconds=1))
        sweep()


@database
def test_the_card_says_who_has_been_told_and_not_whom_we_mean_to_tell(world, desk):
    world[1].mode = "503"
    Person.create_batch(4)
    sweep()
    assert "Nobody has been emailed; the waiting room tells them." in card(desk)
    incident = Incident.objects.get()
    for account in Account.objects.filter(is_staff=False):
        owe_letter(account.pk, "letter.outage_notice", f"incident {incident.pk}")
    Affected.objects.update(told_at=Now())
    Dependency.objects.update_or_create(
        name="mail", defaults={"broken": True, "probe_at": Now() + timedelta(hours=1)}
    )
    assert "4 will be told when mail is back." in card(desk)
    Step.objects.filter(kind="letter.outage_notice", account=Account.objects.filter(is_staff=False).first()).update(
        state=State.DONE
    )
    assert "1 told so far, and 3 will be told when mail is back." in card(desk)
    Step.objects.filter(kind="letter.outage_notice").update(state=State.DONE)
    assert "All 4 have been told." in card(desk)


def card(desk) -> str:
    return unescape(desk.get("/admin/").content.decode())


@database
def test_the_card_names_a_failure_in_words(world, desk):
    world[1].mode = "503"
    Person.create_batch(4)
    sweep()
    assert re.search(r"Workspace: server error,\s+4 people", card(desk))


@database
def test_when_mail_itself_was_down_nobody_is_told_afterwards_that_it_is(world):
    mail, _workspaces = world
    mail.mode = "4xx"
    Person.create_batch(4)
    sweep()
    time_passes()
    sweep()
    assert not Step.objects.filter(kind="letter.outage_notice").exists()
    mail.mode = "ok"
    until_all_are_active()
    until_posted()
    assert not Step.objects.filter(kind="letter.outage_notice").exists()
    assert not [letter for letter in mail.letters if "(mail)" in words_of(letter)]


@database
def test_what_was_over_within_minutes_is_not_written_about(world):
    workspaces = world[1]
    workspaces.mode = "503"
    Person.create_batch(4)
    sweep()
    workspaces.mode = "ok"
    until_all_are_active()
    assert Incident.objects.get().closed_at
    assert not Step.objects.filter(kind="letter.outage_notice").exists()


@database
def test_three_people_open_it_without_a_breaker(world, settings):
    """Now and then one gets through, so the breaker stays closed; they are one thing all the same."""
    settings.SETUP_GIVE_UP_AFTER = 1
    world[1].mode = "4xx"
    Person.create_batch(2)
    sweep()
    assert not Incident.objects.exists()
    assert Ticket.objects.count() == 2
    world[1].mode = "ok"
    Person.create()
    sweep()
    world[1].mode = "4xx"
    Person.create()
    sweep()
    incident = Incident.objects.get()
    assert (incident.dependency, incident.failure, incident.outage) == ("workspace", "4xx", None)
    assert Affected.objects.filter(incident=incident).count() == 3


@database
def test_three_bouncing_addresses_are_three_people(world):
    world[0].mode = "5xx"
    Person.create_batch(3)
    sweep()
    assert not Incident.objects.exists()


@database
def test_it_is_the_same_one_if_it_comes_back_within_the_hour(world):
    _mail, workspaces = world
    for mode, minutes in (("503", 10), ("ok", 10), ("503", 10)):
        workspaces.mode = mode
        Person.create_batch(4)
        sweep()
        until_all_are_active() if mode == "ok" else None
        time_passes(minutes)
    sweep()
    incident = Incident.objects.get()
    assert incident.closed_at is None and incident.ended_at is None
    assert Outage.objects.count() == 2
    assert Letter.objects.count() == 1, "one letter to support"
    workspaces.mode = "ok"
    until_all_are_active()
    time_passes(90)
    workspaces.mode = "503"
    Person.create_batch(4)
    sweep()
    assert Incident.objects.count() == 2


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("the mail service said 451 try again later", "4xx"),
        ("the workspace service said 503 {}", "5xx"),
        ("the mail service did not answer in time", "timeout"),
        ("the workspace service could not be reached (X)", "refused"),
        ("the mail service hung up", "hung up"),
        ("a fault in our own code (KeyError)", "bug"),
        ("no idea", "error"),
    ],
)
def test_failure_class(error, failure):
    assert failure_class(error) == failure


# Recovering everybody: the pace is arithmetic.


@pytest.mark.parametrize(
    ("outcomes", "wave"),
    [
        ([""] * 40, (1, "")),
        (["asked", *[""] * 39], (0, "")),
        (["well", *[""] * 39], (5, "")),
        (["well", *["asked"] * 5, *[""] * 34], (0, "")),
        (["well", *["well"] * 4, "asked", *[""] * 34], (0, "")),
        (["well"] * 6 + [""] * 34, (20, "")),
        (["well"] * 6 + ["asked"] * 15 + [""] * 34, (5, "")),
        (["well"] * 6 + ["asked"] * 20 + [""] * 34, (0, "")),
        (["failed", *[""] * 39], (1, "")),
        (["failed", "failed", *[""] * 38], (0, "stopped")),
        (["well", "failed", "well", "failed", "asked", "asked", ""], (0, "stopped")),
        (["failed", "failed", *["well"] * 5, ""], (1, "")),
        (["well"] * 40, (0, "finished")),
        (["well"] * 39 + ["asked"], (0, "")),
        ([], (0, "finished")),
    ],
)
def test_one_then_five_then_the_rest(outcomes, wave):
    assert bulk_recovery.next_wave(outcomes) == wave


@given(st.lists(st.sampled_from(["", "asked", "well", "failed"])))
def test_it_never_asks_more_than_there_are(outcomes):
    wave = bulk_recovery.next_wave(outcomes)
    assert 0 <= wave.ask <= outcomes.count("")
    assert not (wave.ask and wave.over)


def begin(incident, jordan, reason) -> Recovery:
    begun = bulk_recovery.begin(incident, jordan, reason)
    assert begun
    return begun


def given_up_crowd(world, settings, number):
    """Two by two, and others go through between: so it is they who are refused, and not we."""
    settings.SETUP_GIVE_UP_AFTER = 1
    people: list = []
    while len(people) < number:
        world[1].mode = "4xx"
        people += Person.create_batch(2)
        sweep()
        world[1].mode = "ok"
        Person.create()
        sweep()
    world[1].mode = "4xx"
    assert Account.objects.filter(status=Status.FAILED).count() == number
    return people


@database
def test_everybody_is_recovered_step_by_step(world, settings, jordan, desk):
    given_up_crowd(world, settings, 40)
    world[1].mode = "ok"
    begun = begin(Incident.objects.get(), jordan, "their company names are taken now")
    asked = []
    for _ in range(12):
        fetch_everywhere()
        asked.append(Turn.objects.exclude(outcome="").count())
        drain()
    assert asked[0] == 1 and asked[1] == 6 and asked[2] == 26 and asked[-1] == 40
    begun.refresh_from_db()
    assert begun.ended_because == "finished"
    assert not Account.objects.filter(status=Status.FAILED).exists()
    fetch_everywhere()
    assert Incident.objects.get().closed_at
    assert not Ticket.objects.filter(closed_at=None).exists()
    assert "Nobody needs you right now." in desk.get("/admin/").content.decode()


@database
def test_it_stops_itself_when_two_of_five_fail(world, settings, jordan):
    given_up_crowd(world, settings, 40)
    begun = begin(Incident.objects.get(), jordan, "I hope it works")
    for _ in range(6):
        fetch_everywhere()
        drain()
    begun.refresh_from_db()
    assert begun.ended_because == "stopped"
    assert Turn.objects.filter(recovery=begun).exclude(outcome="").count() == 2


@database
def test_stop_means_nobody_else_is_asked(world, settings, jordan):
    given_up_crowd(world, settings, 10)
    world[1].mode = "ok"
    begun = begin(Incident.objects.get(), jordan, "go")
    fetch_everywhere()
    assert bulk_recovery.stop(begun, "stopped by Jordan")
    assert not bulk_recovery.stop(begun, "again")
    for _ in range(4):
        fetch_everywhere()
        drain()
    assert Account.objects.filter(status=Status.FAILED).count() == 9
    assert Recovery.objects.get().ended_because == "stopped by Jordan"


@database
def test_while_it_is_down_the_first_one_is_the_probe(world, jordan):
    world[1].mode = "503"
    Person.create_batch(8)
    sweep()
    world[1].mode = "ok"
    requests = len(world[1].requests)
    bulk_recovery.begin(Incident.objects.get(), jordan, "they say it works")
    fetch_everywhere()
    first = Turn.objects.get(outcome="asked").account_id
    drain(seconds=0.1)
    assert world[1].requests[requests].path.endswith(str(first))
    assert Outage.objects.get().ended_at
    until_all_are_active()
