"""A desk in Lisbon, open on weekdays from 9 to 17:30, and people whose story can be told."""

from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Account, Event, Voice
from accounts.status import Status
from provisioning.emails.compose import compose
from provisioning.emails.recipients import read_facts
from provisioning.models import Attempt, Dependency, Outage, Outcome, Step
from support.models import Desk
from tests.people import Person

TEMPLATES = {"letter.amends": "ready", "letter.repaired": "ready"}
LISBON = ZoneInfo("Europe/Lisbon")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LISBON)


@pytest.fixture
def no_letter_of_the_day():
    """There are some here."""


@pytest.fixture
def desk(db) -> Desk:
    return Desk.objects.create(
        name="Jordan",
        sign_off="Jordan Reis, support",
        email="jordan@arrivals.example",
        time_zone="Europe/Lisbon",
        backup_email="robin@arrivals.example",
    )


def outage(name: str, began: datetime, ended: datetime | None = None) -> Outage:
    dependency, _made = Dependency.objects.get_or_create(name=name)
    return Outage.objects.create(
        dependency=dependency, failure="timeout", error="no answer", began_at=began, ended_at=ended
    )


def signed_up(when: datetime, failing: str | None = "workspace", **facts) -> Account:
    """Somebody who signed up then; a step of theirs failed, if one is named."""
    account: Account = Person.create(created_at=when, status_at=when, asked_at=None, **facts)
    they(account, when, "signed_up", "receipt.heading")
    for kind, needs in (("welcome_email", "mail"), ("workspace", "workspace")):
        step = Step.objects.create(account=account, kind=kind, dependency=needs)
        if needs == failing:
            Step.objects.filter(pk=step.pk).update(error="no answer", failed_at=when)
            Attempt.objects.create(
                step=step, epoch=1, outcome=Outcome.OUTAGE, error="no answer", seconds=3, ended_at=when
            )
    return account


def they(account: Account, when: datetime, kind: str, shown: str = "") -> None:
    Event.objects.create(account=account, at=when, voice=Voice.THEY, kind=kind, shown=shown)


def works(account: Account, when: datetime) -> None:
    Step.objects.filter(account=account, occasion="").update(state="done", done_at=when, error="")
    Account.objects.filter(pk=account.pk).update(status=Status.ACTIVE, status_at=when)
    account.refresh_from_db()


def letter_at(kind: str, now: datetime) -> str:
    """The words of the one letter of this kind, were it handed over now."""
    with patch("django.utils.timezone.now", return_value=now):
        step = Step.objects.get(kind=kind)
        step.facts = read_facts(step, now)
        return str(compose(TEMPLATES.get(kind, kind.removeprefix("letter.")), step).body)


def letters(account: Account) -> list[str]:
    """What is owed or sent to them, in order."""
    return list(
        Step.objects.filter(account=account).exclude(occasion="").order_by("pk").values_list("kind", flat=True)
    )


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def delivered(when: datetime) -> None:
    """All letters went out then."""
    Step.objects.exclude(occasion="").update(state="done", done_at=when)
