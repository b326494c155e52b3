"""A worker or a web host whose clock is ten minutes ahead: what it compares with the database is not its own time."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import email_links
from accounts.database.clock import database_now
from accounts.models import MailboxLink
from accounts.throttle import seconds_until
from support import periodic_jobs
from support.actions.actions import put_aside
from support.models import Promise, Ticket
from support.tickets.queue import ASLEEP_AT_MOST, wake
from tests.people import Person, Supporter

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=5)


@pytest.fixture(params=[10, 24 * 60], ids=["ten minutes ahead", "a day ahead"])
def ahead(request):
    wrong = timezone.now() + timedelta(minutes=request.param)
    with patch("django.utils.timezone.now", return_value=wrong):
        yield wrong


def test_no_promise_is_broken_before_its_time(ahead):
    dana = Person.create()
    ticket = Ticket.objects.create(account=dana, email=dana.email, why=Ticket.Why.WROTE)
    now = database_now()
    said = {"said_in": "letter.taken", "made_at": now, "due": now + SOON}
    promise = Promise.objects.create(ticket=ticket, account=dana, email=dana.email, **said)
    periodic_jobs.fetch()
    promise.refresh_from_db()
    assert promise.broken_at is None


def test_a_link_works_to_its_end(ahead):
    dana = Person.create()
    token = email_links.hand_out(dana, MailboxLink.Purpose.RESET, dana.pk)
    MailboxLink.objects.update(expires_at=Now() + SOON)
    assert Client().get(reverse("choose_password", args=[token])).status_code == 200


def test_a_browser_is_told_how_long_to_wait(ahead):
    assert 290 <= seconds_until(database_now() + SOON) <= 300


def test_a_ticket_sleeps_as_long_as_was_said(ahead):
    ticket = Ticket.objects.create(email="dana@acme.example", why=Ticket.Why.WROTE)
    put_aside(ticket, Supporter.create(), "They are away.", "time", ahead + timedelta(days=30))
    wake()
    ticket.refresh_from_db()
    assert ticket.asleep_until and ticket.asleep_until <= database_now() + ASLEEP_AT_MOST
