"""What is old is deleted where days are named for it, in batches; what is not over, or not old, stays."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import Event, EventKind, MailboxLink, SignupClaim, Voice
from accounts.profile import retention
from config import env
from product.events.occasions import suspended
from provisioning.models import Attempt, Errand, Heartbeat, State, Step
from provisioning.retention import all_tables, sweep_old
from support.models import InboundMail, Letter, Message, Ticket
from tests.people import Person

pytestmark = pytest.mark.django_db

OLD, NEW = Now() - timedelta(days=91), Now() - timedelta(days=89)


def test_each_name_is_a_table_and_each_table_has_its_name():
    assert set(all_tables()) == set(env.RETAINED)


def one_of_each(at) -> None:
    """What is over, since then."""
    dana = Person.create()
    step = Step.objects.create(account=dana, kind="workspace", dependency="workspace")
    key = str(step.key)
    Event.objects.create(account=dana, voice=Voice.THEY, kind=EventKind.LOOKED, at=at)
    SignupClaim.objects.create(token_hash=key, email=dana.email, name="D", account=dana, proven=True, seen_at=at)
    MailboxLink.objects.create(account=dana, purpose="reset", token_hash=key, email=dana.email, expires_at=at)
    Attempt.objects.create(step=step, epoch=1, outcome="done", seconds=1, ended_at=at)
    Errand.objects.create(
        account=dana.pk, kind="account.ready", occasion=key, dependency="product", state=State.DONE, done_at=at
    )
    ticket = Ticket.objects.create(email=dana.email, why="wrote", closed_at=at)
    Message.objects.create(email=dana.email, body="in the ticket", ticket=ticket, settled_at=at)
    Message.objects.create(email=dana.email, body="alone", settled_at=at)
    InboundMail.objects.create(hook="x", posted=b"x", digest=key, read_at=at)
    Letter.objects.create(to="owner@acme.example", subject="today", body="", occasion=key, sent_at=at)


MODELS = (Event, SignupClaim, MailboxLink, Attempt, Errand, Ticket, Message, InboundMail, Letter)


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in MODELS}


def sweep_again() -> None:
    Heartbeat.objects.filter(name="retention").delete()
    sweep_old()


def test_what_is_old_goes_and_what_is_not_stays(settings):
    one_of_each(NEW)
    new = counts()
    one_of_each(OLD)
    settings.RETENTION_DAYS = {}
    sweep_again()
    assert counts() == {name: 2 * count for name, count in new.items()}, "nothing is named, nothing goes"
    settings.RETENTION_DAYS = dict.fromkeys(env.RETAINED, 90)
    sweep_again()
    assert counts() == new


@pytest.mark.parametrize("name", env.RETAINED)
def test_each_table_goes_by_its_own_days(settings, name):
    one_of_each(OLD)
    before = counts()
    settings.RETENTION_DAYS = {name: 90}
    sweep_again()
    assert counts() != before
    settings.RETENTION_DAYS = {name: 92}
    one_of_each(OLD)
    kept = counts()
    sweep_again()
    assert counts() == kept


def test_what_is_not_over_stays_whatever_its_age(settings):
    dana = Person.create()
    Ticket.objects.create(email=dana.email, why="wrote", opened_at=OLD)
    InboundMail.objects.create(hook="x", posted=b"x", digest="1", at=OLD)
    Message.objects.create(email=dana.email, body="unread", at=OLD)
    Letter.objects.create(to="owner@acme.example", subject="", body="", occasion="1", written_at=OLD)
    Errand.objects.create(account=dana.pk, kind="account.ready", occasion="1", dependency="product", created_at=OLD)
    SignupClaim.objects.create(
        token_hash="1", email=dana.email, name="D", account=dana, proven=False, letter_owed=True, seen_at=OLD
    )
    before = counts()
    settings.RETENTION_DAYS = dict.fromkeys(env.RETAINED, 90)
    sweep_again()
    assert counts() == before


def test_a_suspension_that_lasts_is_not_told_again(settings):
    dana = Person.create(is_active=False)
    Errand.objects.create(
        account=dana.pk,
        kind="account.suspended",
        occasion=f"suspended {dana.pk}",
        dependency="product",
        state=State.DONE,
        done_at=OLD,
    )
    settings.RETENTION_DAYS = dict.fromkeys(env.RETAINED, 90)
    sweep_again()
    assert not suspended().exists()


def test_it_goes_in_batches_once_an_hour(settings, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    dana = Person.create()
    for at in (OLD,) * 8 + (NEW,) * 3:
        Event.objects.create(account=dana, voice=Voice.THEY, kind=EventKind.LOOKED, at=at)
    diary = all_tables()["diary"]
    assert [diary.delete_batch(90) for _ in range(4)] == [3, 3, 2, 0]
    assert Event.objects.count() == 3
    settings.RETENTION_DAYS = {"diary": 30}
    sweep_again()
    Event.objects.create(account=dana, voice=Voice.THEY, kind=EventKind.LOOKED, at=OLD)
    sweep_old()
    assert Event.objects.count() == 1, "it has been done within the hour"
