"""Nobody signs up through the front door: what is wrong is noticed, the owner is told once, and nothing is left."""

import logging
from datetime import timedelta
from email.utils import parseaddr
from io import StringIO

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.canary import HEADER, mark
from accounts.forms import SignupForm
from accounts.models import Account
from accounts.status import Status
from launcher.management.commands.up import the_three
from provisioning.canary import rounds
from provisioning.canary.alarm import Canary
from provisioning.models import Attempt, CanaryRound, Dependency, Errand, Outage, Outcome, Step
from provisioning.sweep import sweep
from support.audit.audit import audit
from support.models import Affected, Ticket
from support.reviews.impact import first_to_notice, people_of
from support.tickets.queue import take_over_given_up
from tests.people import Person
from tests.voice.ageing import pass_time

pytestmark = pytest.mark.django_db(transaction=True)
OURS = ("accounts", "provisioning", "support", "sessions")
STAYS = ("Errand", "Heartbeat", "Dependency", "CanaryRound", "Outage", "Desk", "Incident")


def left() -> dict[str, int]:
    """How many rows each table has, counters of limits too, but for those that are about no person."""
    models = [model for room in OURS for model in apps.get_app_config(room).get_models()]
    return {model.__name__: model._base_manager.count() for model in models if model.__name__ not in STAYS}


def to_owner(mail, settings):
    return [letter for letter in mail.letters if letter["To"] == parseaddr(settings.OWNER_EMAIL)[1]]


def test_a_day_of_rounds_leaves_nothing_behind(site, works, world):
    mail, workspaces = world
    before, canary = left(), Canary()
    for _hour in range(4):
        seen = canary.round()
        assert seen.troubles == {} and seen.seconds
        assert left() == before
        sweep()
        assert Errand.objects.filter(state="done").count() == 1 and not workspaces.workspaces
        pass_time(timedelta(hours=6))
    rounds.forget_what_is_over()
    assert not Errand.objects.exists()
    assert CanaryRound.objects.count() == 1
    assert len({letter["To"] for letter in mail.letters}) == 4
    assert all(letter["To"].startswith("canary+") for letter in mail.letters)


def test_mail_down(site, works, impatient, world, settings):
    mail, _workspaces = world
    canary = Canary()
    mail.mode = "refused"
    seen = canary.round()
    assert set(seen.troubles) == {"mail"} and "welcome_email was not done" in seen.troubles["mail"]
    assert seen.seconds is None and not Account.objects.exists()
    mail.mode = "ok"
    Dependency.objects.all().delete()
    canary.round()
    assert to_owner(mail, settings) == [], "mail was down when there was something to tell"


def test_workspace_down_and_the_owner_is_told_once_and_once_it_works(site, works, impatient, world, settings):
    mail, workspaces = world
    workspaces.mode = "refused"
    assert set(Canary().round().troubles) == {"workspace"}
    assert set(Canary().round().troubles) == {"workspace"}, "another process, which knows what was told"
    workspaces.mode = "ok"
    Dependency.objects.all().delete()
    assert Canary().round().troubles == {}
    assert [letter["Subject"] for letter in to_owner(mail, settings)] == [
        "The canary noticed: workspace",
        "The canary says it works again: workspace",
    ]


def refuse(form):
    raise ValidationError("on purpose")


def test_the_web_is_up_and_its_forms_are_broken(site, works, world, monkeypatch):
    monkeypatch.setattr(SignupForm, "clean", refuse)
    assert Canary().round().troubles == {"forms": "sign-up was answered with 200 at /signup/, not with /arriving/"}


def test_nobody_answers(works, world, settings):
    settings.SITE_URL = "http://127.0.0.1:9"
    assert set(Canary().round().troubles) == {"web"}


def test_it_is_not_led_away(site, works, world, monkeypatch):
    monkeypatch.setattr(rounds.Visitor, "_ask", lambda self, request: (302, "", "https://elsewhere.example/signup/"))
    assert "it leads away, to elsewhere.example" in Canary().round().troubles["web"]


def test_the_database_is_away_and_the_owner_is_told_all_the_same(world, settings, monkeypatch):
    mail, _workspaces = world

    def away():
        raise OperationalError("on purpose")

    monkeypatch.setattr(rounds, "fly", away)
    monkeypatch.setattr(CanaryRound.objects, "create", lambda **_: away())
    canary = Canary()
    canary.round()
    canary.round()
    assert [letter["Subject"] for letter in to_owner(mail, settings)] == ["The canary noticed: database"]


def test_it_is_nobody(site, works, impatient, world, jordan, client):
    """Given up for good, in an outage, late: and no ticket, no incident, no number and no word about it."""
    somebody = Person.create(canary=True, status=Status.FAILED, asked_at=None)
    step = Step.objects.create(
        account=somebody, kind="workspace", dependency="workspace", error="no", failed_at=Now()
    )
    Attempt.objects.create(step=step, epoch=1, outcome=Outcome.FAILED, seconds=1)
    dependency = Dependency.objects.create(name="workspace", broken=True)
    outage = Outage.objects.create(dependency=dependency, failure="timeout", error="no answer")
    take_over_given_up()
    assert not Ticket.objects.exists() and not Affected.objects.exists() and people_of(outage) == []
    assert "arrivals_steps_owed{" not in client.get("/metrics").content.decode()
    assert audit().counts["people"] == {"active": 1, "the canary's, for its round": 1}
    Account.objects.filter(canary=True).update(created_at=Now() - timedelta(hours=2))
    assert audit().counts["people"]["left behind by the canary"] == 1
    rounds.fly()
    assert not Account.objects.filter(canary=True).exists(), "the next round takes it away"


def test_a_stranger_cannot_pass_for_it():
    for number, headers in enumerate(({HEADER: "canary"}, {HEADER: "canary:1:forged"}, {}, mark())):
        sign_up(f"k{number}@acme.example", headers)
    rows = Account.objects.order_by("email").values_list("canary", flat=True)
    assert list(rows) == [False, False, False, True]


def test_noticed_first_by_the_canary(site, works, impatient, world, jordan):
    _mail, workspaces = world
    workspaces.mode = "refused"
    Canary().round()
    dana = Person.create()
    outage = Outage.objects.create(
        dependency=Dependency.objects.get(pk="workspace"), failure="refused", error="no", began_at=timezone.now()
    )
    who, when = first_to_notice(outage, [dana])
    assert who == "the canary" and when < outage.began_at
    desk = Client()
    desk.force_login(jordan)
    assert "Noticed first by the canary" in " ".join(
        desk.get(f"/admin/why/outage/{outage.pk}/").content.decode().split()
    )
    assert "The canary noticed that" in desk.get("/admin/").content.decode().replace("&#x27;", "'")
    text = Client().get("/metrics").content.decode()
    assert "arrivals_canary_troubles 1.0" in text and "arrivals_last_canary_seconds" in text


@pytest.mark.parametrize("what", ["mail", "workspace", "forms"])
def test_noticed_before_any_person(what, site, works, impatient, world, monkeypatch):
    """Somebody signs up before the fault and after it; between them come the canary's two rounds."""
    services = dict(zip(("mail", "workspace"), world, strict=True))
    sign_up("before@acme.example")
    sweep()
    assert Account.objects.get().status == Status.ACTIVE
    if what == "forms":
        monkeypatch.setattr(SignupForm, "clean", refuse)
    else:
        services[what].mode = "refused"
    canary = Canary()
    assert any(what in canary.round().troubles for _round in range(2))
    assert not harmed()
    sign_up("after@acme.example")
    sweep()
    after = Account.objects.filter(email="after@acme.example").first()
    assert (after is None) if what == "forms" else (harmed() == [after]), "and it was no false alarm"


def harmed() -> list[Account]:
    """People whose set-up has failed so far."""
    return list(Account.objects.filter(pk__in=Attempt.objects.exclude(outcome=Outcome.DONE).values("step__account")))


def sign_up(email: str, headers: dict | None = None) -> None:
    fields = {"name": "Kim", "phone": "1", "company": "Wayne", "password": "correct horse battery staple"}
    Client().post("/signup/", fields | {"email": email}, headers=headers)


def test_the_command_once(site, works, world):
    said = StringIO()
    call_command("canary", "--once", stdout=said)
    assert "nothing of it is left" in said.getvalue()


def test_the_command_says_what_is_wrong(works, world, settings):
    settings.SITE_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="The canary noticed: web"):
        call_command("canary", "--once", stdout=StringIO())


def test_without_a_pace_it_does_not_fly():
    with pytest.raises(CommandError, match="CANARY_EVERY is not set"):
        call_command("canary")


def test_what_is_noticed_is_in_the_log(works, world, settings, caplog):
    settings.SITE_URL = "http://127.0.0.1:9"
    with caplog.at_level(logging.ERROR, "provisioning.canary.alarm"):
        Canary().round()
    assert "the canary noticed: web" in caplog.text


def test_up_starts_it_where_it_has_a_pace(settings):
    settings.CANARY_EVERY = 0
    assert [program.name for program in the_three()] == ["web", "worker", "beat"]
    settings.CANARY_EVERY = 300
    assert [program.name for program in the_three()] == ["web", "worker", "beat", "canary"]
