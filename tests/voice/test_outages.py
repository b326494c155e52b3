"""An outage of twelve and a half minutes, and one of a weekend: who is told what, and whether it is still true.

The engine, the mail server and the provisioner are real; time passes by moving what the database has. Each email is
read when it arrives, and held against what is so at that moment. The tables are printed: `pytest -s`.
"""

import re
from collections import defaultdict
from datetime import timedelta

import pytest

from accounts.database.clock import database_now
from accounts.models import Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.models import Outage, Step
from provisioning.sweep import sweep
from support.models import Desk, Message, Ticket
from tests.people import Person
from tests.voice.ageing import begin, minute_of, pass_time

pytestmark = pytest.mark.django_db(transaction=True)

UNTRUE_UNLESS = [
    # words, and what must be so when they arrive
    ("Your account is ready", lambda to: to.status == Status.ACTIVE),
    ("Your account has been ready", lambda to: to.status == Status.ACTIVE),
    ("your account is complete", lambda to: to.status == Status.ACTIVE and not owes(to)),
    ("hasn't been working since", lambda to: to.status != Status.ACTIVE and Outage.objects.filter(ended_at=None)),
    ("we haven't finished setting up", lambda to: to.status != Status.ACTIVE),
    ("will answer", lambda to: Ticket.objects.filter(account=to, closed_at=None)),
    ("will keep trying whatever isn't finished", lambda to: to.status != Status.ACTIVE),
]


def owes(account: Account) -> bool:
    return Step.objects.of_setup().unpaid().filter(account=account).exists()


def words_of(message) -> str:
    return " ".join(message.get_body(("plain",)).get_content().split())


class Town:
    """People who sign up, look, write and wait; and the post that reaches them."""

    def __init__(self, mail, workspaces):
        self.mail, self.workspaces, self.read = mail, workspaces, 0
        self.post: dict[str, list[tuple[float, str, list[str]]]] = defaultdict(list)
        begin()

    def live(self, minutes: float, step: float, comes=lambda minute: None) -> None:
        """Let these minutes pass, a sweep and a look into the mailboxes after each step."""
        for _ in range(round(minutes / step)):
            comes(minute_of(database_now()))
            sweep()
            self.look_into_the_mailboxes()
            pass_time(timedelta(minutes=step))

    def look_into_the_mailboxes(self) -> None:
        new = self.mail.received[self.read :]
        self.read += len(new)
        for letter in new:
            words = words_of(letter.message)
            for address in letter.recipients:
                if account := Account.objects.filter(email=address, is_staff=False).first():
                    untrue = [said for said, holds in UNTRUE_UNLESS if said in words and not holds(account)]
                    self.post[address].append((minute_of(database_now()), str(letter.message["Subject"]), untrue))

    def print_table(self, title: str) -> None:
        print(f"\n{title}\n| person | minute | email | still true |\n|---|---|---|---|")
        for address, letters in sorted(self.post.items(), key=lambda pair: int(re.sub(r"\D", "", pair[0]) or 0)):
            for minute, subject, untrue in letters:
                true = f"NO: {untrue[0]}" if untrue else "yes"
                print(f"| {address.partition('@')[0]} | {minute:.1f} | {subject} | {true} |")


def looks(account: Account, shown: str) -> None:
    Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.LOOKED, shown=shown)


def writes(account: Account, words: str) -> None:
    Message.objects.create(email=account.email, body=words)


@pytest.fixture
def town(mail, workspaces, settings):
    settings.SETUP_RETRY_SECONDS = [10, 30, 60, 300, 600]
    settings.THROTTLES = False
    Desk.objects.create(name="Jordan", time_zone="Europe/Lisbon", email="jordan@arrivals.example")
    return Town(mail, workspaces)


def sixty(town: Town, stay: int = 3):
    """One every twelve seconds; every third stays and sees that it is late."""

    def comes(minute: float) -> None:
        if minute < 12:
            for _ in range(3):
                Person.create()
        for number, account in enumerate(Account.objects.exclude(status=Status.ACTIVE).order_by("created_at")):
            if number % stay == 0 and Step.objects.of_setup().filter(account=account).exclude(error="").exists():
                looks(account, "waiting.late")

    return comes


@pytest.mark.parametrize("what", ["workspaces", "both"])
def test_twelve_and_a_half_minutes_and_sixty_people(town, what):
    town.workspaces.mode = "503"
    town.mail.mode = "ok" if what == "workspaces" else "4xx"
    comes = sixty(town)
    town.live(6, 0.6, comes)
    writer = Account.objects.order_by("created_at")[7]
    writes(writer, "Where is my workspace?")
    town.live(6.6, 0.6, comes)
    town.workspaces.mode = town.mail.mode = "ok"
    town.live(20, 1)
    town.live(60, 10)
    town.print_table(f"An outage of 12½ minutes ({what}), sixty people, one of whom wrote")
    people = Account.objects.filter(is_staff=False)
    assert people.count() == 60 and not people.exclude(status=Status.ACTIVE).exists()
    assert {len(town.post[account.email]) for account in people} <= {1, 2}
    assert not [letter for letters in town.post.values() for letter in letters if letter[2]]
    told = " ".join(words_of(message) for message in town.mail.to(writer.email))
    assert "Your account is ready" in told or "Your account has been ready since" in told
    for account in people:
        waited = minute_of(account.status_at) - minute_of(account.created_at)
        if waited > 5:
            last, _subject, _untrue = town.post[account.email][-1]
            assert last >= minute_of(account.status_at) - 0.1, f"{account.email} has heard nothing since it works"


def test_a_weekend_of_46_hours_and_65_people(town):
    town.workspaces.mode = town.mail.mode = "ok"
    town.workspaces.mode = "503"

    def comes(minute: float) -> None:
        if minute < 46 * 60 - 120:
            for _ in range(2):
                looks(Person.create(), "waiting.on_its_way")

    town.live(46 * 60, 84, comes)
    writer = Account.objects.order_by("created_at")[7]
    writes(writer, "Hello? I need this.")
    town.workspaces.mode = "ok"
    town.live(30, 1)
    town.live(120, 20)
    town.print_table("A weekend of 46 hours, sixty-five people, one of whom wrote")
    people = Account.objects.filter(is_staff=False)
    assert people.count() >= 60 and not people.exclude(status=Status.ACTIVE).exists()
    assert not [letter for letters in town.post.values() for letter in letters if letter[2]]
    assert max(len(letters) for letters in town.post.values()) <= 3
    assert all("Your Arrivals account is ready" in [letter[1] for letter in town.post[p.email]] for p in people)
