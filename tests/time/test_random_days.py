"""Random days at the desk. Whatever happens in whatever order: no second apology for one incident, no letter
after “delete everything”, no promise inside closed hours, and nothing to her at night."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from accounts.status import Status
from provisioning.models import Fault, Outage, Step
from support import periodic_jobs
from support.business_hours import is_open
from support.models import DayLetter, Promise, Ticket, TrustRepair, the_desk
from support.service_level import availability
from support.tickets import queue
from support.trust import apologies, follow_up
from tests.people import Supporter
from tests.time.conftest import delivered, minutes, outage, signed_up, they, works

BEGIN = datetime(2026, 3, 20, 8, tzinfo=UTC)  # before the clocks change
LONG_AGO = BEGIN - timedelta(days=900)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a day takes a second
APOLOGIES = ("letter.amends", "letter.word")
LAST_LETTERS = ("letter.follow_up", "letter.come_back")


@dataclass
class Days:
    """A world in which one thing happens after another. Sees every letter that was ever owed."""

    now: datetime = BEGIN
    signed_up: int = 0
    gone: dict[str, tuple] = field(default_factory=dict)  # reference → what could name them
    letters: set[tuple] = field(default_factory=set)
    promised: set[int] = field(default_factory=set)

    def one(self, number: int) -> Account | None:
        here = list(Account.objects.filter(is_staff=False).order_by("created_at", "pk"))
        return here[number % len(here)] if here else None

    def sign_up(self, number: int) -> None:
        down = Outage.objects.filter(ended_at=None).first()
        name = f"Dana {self.signed_up:04}"
        self.signed_up += 1
        needed_by = self.now + minutes(60 * number)
        signed_up(self.now, failing=down.dependency_id if down else None, needed_by=needed_by, name=name)

    def knock(self, number: int) -> None:
        if account := self.one(number):
            they(account, self.now, "tried_to_log_in", "login.unknown" if number % 2 else "login.no_match")

    def write(self, number: int) -> None:
        if account := self.one(number):
            they(account, self.now, "wrote", "contact.taken")
            queue.open_ticket(account, account.email, Ticket.Why.WROTE)

    def break_down(self, number: int) -> None:
        name = ("mail", "workspace")[number % 2]
        if not Outage.objects.filter(dependency=name, ended_at=None).exists():
            outage(name, self.now)

    def recover(self, _number: int) -> None:
        Outage.objects.filter(ended_at=None).update(ended_at=self.now)
        for account in Account.objects.exclude(status=Status.ACTIVE):
            works(account, self.now)

    def answer(self, _number: int) -> None:
        if ticket := Ticket.objects.filter(closed_at=None).first():
            queue.close(ticket, "answered")
            Ticket.objects.filter(pk=ticket.pk).update(closed_at=self.now)

    def send_word(self, number: int) -> None:
        jordan = Account.objects.filter(is_staff=True).first() or Supporter.create()
        for repair in TrustRepair.objects.exclude(level="none")[: number % 3 + 1]:
            apologies.send_word(repair, jordan, "I am sorry.", "", self.now)

    def delete(self, number: int) -> None:
        repairs = list(TrustRepair.objects.select_related("account").order_by("pk"))
        if repairs and follow_up.may_delete(repair := repairs[number % len(repairs)]):
            account = repair.account
            self.gone[account.reference] = (account.pk, account.email, account.name)
            follow_up.delete_everything(repair, self.now)

    def leave(self, _number: int) -> None:
        availability.step_away(self.now)

    def return_(self, _number: int) -> None:
        availability.come_back(self.now)

    def look(self) -> None:
        periodic_jobs.run_periodic_jobs(self.now)
        assert not Fault.objects.exists(), list(Fault.objects.all())
        self._look_at_promises()
        self._look_at_letters()
        delivered(LONG_AGO)

    def _look_at_promises(self) -> None:
        schedule = the_desk().schedule()
        for promise in Promise.objects.exclude(pk__in=self.promised):
            self.promised.add(promise.pk)
            assert promise.due >= self.now
            assert is_open(promise.due, schedule) or is_open(promise.due - timedelta(microseconds=1), schedule)

    def _look_at_letters(self) -> None:
        for account, kind, occasion in Step.objects.exclude(occasion="").values_list("account", "kind", "occasion"):
            self.letters.add((account, kind, occasion))
        for pk, email, name in self.gone.values():
            assert not Step.objects.filter(account=pk).exists()
            assert not Ticket.objects.filter(email=email).exists()
            assert not Promise.objects.filter(email=email).exists()
            later = DayLetter.objects.filter(made_at__gte=self.now).values_list("facts", flat=True)
            assert not any(name in str(facts) or email in str(facts) for facts in later)
        for kinds in (APOLOGIES, LAST_LETTERS):
            told = [account for account, kind, _occasion in self.letters if kind in kinds]
            assert len(told) == len(set(told)), "twice"
        self._look_at_the_night()

    def _look_at_the_night(self) -> None:
        schedule = the_desk().schedule()
        for letter in DayLetter.objects.filter(kind__in=("morning", "evening"), sent_at=self.now):
            assert any(is_open(self.now - minutes(back), schedule) for back in range(62)), letter


ACTIONS = (
    *("sign_up", "knock", "write", "break_down", "recover", "answer", "send_word", "delete", "leave", "return_"),
    *("sign_up", "write", "recover", "wait"),
)
HARMED = [("break_down", 1, 3, 0), ("sign_up", 0, 40, 0), ("write", 0, 700, 0), ("recover", 0, 40, 0)]
WRITTEN_TO = [*HARMED, ("send_word", 0, 40, 0), ("send_word", 0, 1500, 0), ("wait", 0, 1500, 0)]
happening = st.tuples(
    st.sampled_from(ACTIONS), st.integers(0, 7), st.sampled_from([3, 40, 200, 700, 1500, 4000]), st.integers(0, 59)
)


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, phases=NO_SHRINKING, suppress_health_check=list(HealthCheck))
@example([*WRITTEN_TO, ("delete", 0, 3, 0), *[("wait", 0, 1500, 0)] * 4])
@example([*WRITTEN_TO, *[("wait", 0, 4000, 0)] * 6])
@given(st.lists(happening, min_size=5, max_size=30))
def test_random_days(desk, story):
    with transaction.atomic():
        days = Days()
        for action, number, wait, more in story:
            if action != "wait":
                getattr(days, action)(number)
            days.look()
            days.now += minutes(wait + more)
            days.look()
        transaction.set_rollback(True)
    assert days.now < timezone.now() + timedelta(days=400)
