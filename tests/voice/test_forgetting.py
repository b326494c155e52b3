"""After “delete everything” nothing is written to anybody: what they wrote to us goes with the account."""

import pytest
from django.db.models.functions import Now

from accounts.profile.deletion import delete_everything
from provisioning.models import Step
from provisioning.sweep import fetch_everywhere
from support.models import Letter, Message, Ticket
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


def wrote_and_left(**facts) -> None:
    """They wrote, and deleted everything before anybody, or the machine, had read it."""
    account = Person.create(email="dana@acme.example", **facts)
    Message.objects.create(email=account.email, body="Where is my workspace?")
    Ticket.objects.create(email=account.email, why=Ticket.Why.WROTE)
    assert delete_everything(account)


def test_what_they_wrote_goes_with_a_mailbox_they_had_proved():
    wrote_and_left(mailbox_proven_at=Now())
    fetch_everywhere()
    assert not Message.objects.exists() and not Ticket.objects.exists()
    assert not Letter.objects.exists() and not Step.objects.exists()


def test_what_perhaps_somebody_else_wrote_stays():
    """Whoever signed up with another's address must not take that one's messages away."""
    wrote_and_left()
    assert Message.objects.count() == 1 and Ticket.objects.count() == 1
