"""What an email says when it is handed over: read from the database at that moment."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.database.clock import database_now
from accounts.models import Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.emails.compose import compose, send
from provisioning.emails.recipients import read_facts, recipient
from provisioning.engine.claim import perform
from provisioning.engine.settle import settle
from provisioning.exceptions import Held, Withdrawn
from provisioning.intake.outbox import owe_letter
from provisioning.intake.ready_notice import fetch_ready
from provisioning.intake.waivers import waive
from provisioning.models import Attempt, Dependency, Outage, Outcome, State, Step
from support.models import Desk, Incident, Promise, Ticket, TrustRepair
from support.service_level.availability import answer_those_who_wrote
from support.tickets import queue
from support.tickets.outbox import write
from support.trust import apologies
from tests.people import Person, Supporter
from tests.voice.ageing import pass_time

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def desk():
    return Desk.objects.create(name="Jordan", time_zone="Europe/Lisbon")


@pytest.fixture
def dana() -> Account:
    """She signed up two hours ago, and it works since a moment; nobody has told her."""
    account = Person.create(asked_at=None)
    for kind, needs in (("welcome_email", "mail"), ("workspace", "workspace")):
        Step.objects.create(account=account, kind=kind, dependency=needs, state=State.DONE, done_at=Now())
    pass_time(2 * HOUR)
    Step.objects.filter(kind="workspace").update(done_at=Now())
    Account.objects.filter(pk=account.pk).update(status=Status.ACTIVE, status_at=Now())
    account.refresh_from_db()
    return account


def owed(account: Account, kind: str, occasion: str = "1") -> Step:
    assert owe_letter(account.pk, kind, occasion)
    return Step.objects.select_related("account").get(account=account, kind=kind, occasion=occasion)


def facts(step: Step) -> dict:
    return read_facts(step, database_now())


def handed_over(step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(state=State.DONE, done_at=Now())


def test_a_withdrawn_email_stands_in_the_diary_and_costs_nobody_anything(dana):
    told, step = owed(dana, "letter.ready"), owed(dana, "letter.amends")
    handed_over(told)
    Step.objects.filter(pk=step.pk).update(leased=True, epoch=1, attempts=1)
    step.refresh_from_db()
    settle([perform(step)])
    step.refresh_from_db()
    assert (step.state, step.error) == (State.WITHDRAWN, "they have been told that it works")
    assert (step.leased, step.epoch) == (False, 2), "no later result of this try counts"
    assert Event.objects.get(account=dana, kind="letter.amends.withdrawn").detail == step.error
    assert Attempt.objects.get(step=step).outcome == Outcome.WITHDRAWN
    assert not Dependency.objects.filter(failures__gt=0).exists() and not Outage.objects.exists()


def test_of_two_that_say_it_works_one_waits_for_the_other(dana):
    first, second = owed(dana, "letter.ready"), owed(dana, "letter.amends")
    with pytest.raises(Held):
        send("ready", second)
    handed_over(first)
    with pytest.raises(Withdrawn):
        send("ready", second)


def test_the_writer_is_told_like_everybody_else(dana):
    Event.objects.create(account=dana, voice=Voice.THEY, kind=EventKind.WROTE)
    fetch_ready()
    assert Step.objects.filter(account=dana, kind="letter.ready").exists()


def test_the_news_that_it_works_names_the_time_of_an_answer(dana):
    ticket = queue.open_ticket(dana, dana.email, Ticket.Why.WROTE)
    due = database_now() + HOUR
    Promise.objects.create(ticket=ticket, account=dana, email=dana.email, made_at=database_now(), due=due)
    found = facts(owed(dana, "letter.ready"))
    assert found["asked"] and found["moments"]["due"] == due.isoformat()
    pass_time(2 * HOUR)
    assert "due" not in facts(Step.objects.get(kind="letter.ready"))["moments"], "a time that is over"


def test_one_apology_from_one_mouth(dana):
    step = owed(dana, "letter.ready")
    assert facts(step)["sorry"], "nobody else says it"
    apologies.assess(database_now())
    assert facts(step)["sorry"], "it was assessed meanwhile, and is the same apology"
    TrustRepair.objects.update(level=TrustRepair.Level.PERSONAL)
    assert not facts(step)["sorry"], "a person says it"


def test_a_wait_behind_us_is_ours_and_a_wait_for_ones_own_address_is_not(dana):
    assert apologies.level_owed(dana) == TrustRepair.Level.AUTOMATIC
    Event.objects.create(account=dana, voice=Voice.WE, kind=EventKind.MAIL_BOUNCED)
    assert apologies.level_owed(dana) == TrustRepair.Level.NONE
    apologies.assess(database_now())
    assert not TrustRepair.objects.exists()


def test_whom_no_try_failed_is_owed_a_word_for_the_wait_all_the_same(dana):
    assert not Attempt.objects.exists()
    apologies.assess(database_now())
    assert TrustRepair.objects.get(account=dana).level == TrustRepair.Level.AUTOMATIC


def test_a_deadline_that_was_missed_is_said(dana):
    Account.objects.filter(pk=dana.pk).update(needed_by=Now() - HOUR)
    assert "needed" in facts(owed(dana, "letter.ready"))["moments"]


def test_a_debt_that_is_paid_is_told(dana):
    Step.objects.filter(kind="workspace").update(state=State.OPEN, done_at=None)
    waive(dana, {"workspace"}, actor=None, reason="", pay_by=database_now() + 24 * HOUR)
    fetch_ready()
    assert not Step.objects.filter(kind="letter.ready").exists()
    pass_time(48 * HOUR)
    Step.objects.filter(kind="workspace").update(state=State.DONE, done_at=Now())
    fetch_ready()
    fetch_ready()
    [step] = Step.objects.filter(kind="letter.ready", occasion="paid")
    assert facts(step)["what"] == ["workspace"]


def test_let_in_is_withdrawn_once_everything_is_there(dana):
    Step.objects.filter(kind="workspace").update(state=State.WAIVED, done_at=None, pay_by=Now() + 24 * HOUR)
    step = owed(dana, "letter.let_in")
    assert facts(step)["what"] == ["workspace"]
    Step.objects.filter(kind="workspace").update(state=State.DONE, done_at=Now())
    with pytest.raises(Withdrawn):
        facts(step)


def test_an_outage_that_is_over_is_told_to_nobody(dana):
    incident = Incident.objects.create(
        dependency="workspace", failure="5xx", error="503", began_at=Now(), next_news_at=Now() + HOUR
    )
    Account.objects.filter(pk=dana.pk).update(status=Status.EMAIL_SENT)
    Step.objects.filter(kind="workspace").update(state=State.OPEN, done_at=None, error="503", failed_at=Now())
    step = owed(dana, "letter.outage_notice", f"incident {incident.pk}")
    assert set(facts(step)["moments"]) == {"since", "next_news"}
    pass_time(2 * HOUR)
    assert set(facts(step)["moments"]) == {"since"}, "an hour that is over is not named"
    Step.objects.filter(kind="workspace").update(state=State.DONE, error="")
    with pytest.raises(Withdrawn, match="nothing of theirs waits"):
        facts(step)
    Incident.objects.update(ended_at=Now())
    with pytest.raises(Withdrawn, match="works again"):
        facts(step)


def test_an_answer_that_came_is_not_announced(dana):
    ticket = queue.open_ticket(dana, dana.email, Ticket.Why.WROTE)
    step = owed(dana, "letter.taken")
    facts(step)
    queue.close(ticket, "Answered.")
    with pytest.raises(Withdrawn, match="answered"):
        facts(step)


def test_a_ticket_that_was_answered_is_not_announced_again_when_it_wakes(dana):
    ticket = queue.open_ticket(dana, dana.email, Ticket.Why.WROTE)
    write(dana.email, "Re", "Here you are.", "1", ticket=ticket, author=Supporter.create(), automatic=False)
    pass_time(24 * 7 * HOUR)
    answer_those_who_wrote(database_now())
    assert not Step.objects.filter(kind="letter.taken").exists() and not Promise.objects.exists()


def test_a_broken_promise_names_no_time_that_is_over(dana):
    ticket = queue.open_ticket(dana, dana.email, Ticket.Why.WROTE)
    now = database_now()
    broken = Promise.objects.create(
        ticket=ticket, account=dana, email=dana.email, made_at=now, due=now, broken_at=now
    )
    Promise.objects.create(ticket=ticket, account=dana, email=dana.email, made_at=now, due=now + HOUR)
    step = owed(dana, "letter.late", f"promise {broken.pk}")
    assert set(facts(step)["moments"]) == {"said", "new"}
    pass_time(2 * HOUR)
    assert set(facts(step)["moments"]) == {"said"}


def test_what_an_earlier_release_fixed_is_read_anew(dana):
    step = owed(dana, "letter.ready")
    step.facts = {"moments": {"until": "2020-01-01T00:00:00+00:00"}, "minutes": 3}
    assert "until" not in facts(step)["moments"]


def test_who_they_are_now(dana):
    step = owed(dana, "letter.ready")
    found = recipient(step)
    assert [letter.kind for letter in found.letters] == ["welcome_email"], "the others, not itself"
    assert found.works_since == dana.status_at
    assert not found.suspended and not found.given_up and found.told_late_at is None
    Account.objects.filter(pk=dana.pk).update(status=Status.FAILED, is_active=False)
    step.refresh_from_db()
    found = recipient(step)
    assert found.suspended and found.given_up and found.works_since is None


def test_what_was_paid_later_works_since_then(dana):
    Step.objects.filter(kind="workspace").update(pay_by=Now(), done_at=Now() + HOUR)
    found = recipient(owed(dana, "letter.ready"))
    assert found.works_since and found.works_since > dana.status_at


def test_a_page_has_told_them(dana):
    Event.objects.create(account=dana, voice=Voice.THEY, kind=EventKind.LOOKED, shown="waiting.gave_up")
    assert recipient(owed(dana, "letter.ready")).told_late_at


def test_the_welcome_email_tells_that_the_rest_is_late_and_so_it_is_told_when_it_works():
    newcomer = Person.create(asked_at=None)
    service = Dependency.objects.create(name="workspace", broken=True)
    outage = Outage.objects.create(dependency=service, failure="5xx", error="503")
    welcome = Step.objects.create(account=newcomer, kind="welcome_email", dependency="mail")
    rest = Step.objects.create(account=newcomer, kind="workspace", dependency="workspace")
    welcome.refresh_from_db()
    assert "(workspace) hasn't been working since" in str(compose("welcome", welcome).body)
    handed_over(welcome)
    pass_time(HOUR / 60)
    for row in (outage, rest):
        row.refresh_from_db()
    Outage.objects.update(ended_at=Now())
    Step.objects.filter(pk=rest.pk).update(state=State.DONE, done_at=Now())
    Account.objects.filter(pk=newcomer.pk).update(status=Status.ACTIVE, status_at=Now())
    fetch_ready()
    [ready] = Step.objects.filter(account=newcomer, kind="letter.ready")
    assert recipient(ready).told_late_at


def test_who_was_served_at_once_hears_the_welcome_alone():
    newcomer = Person.create(asked_at=None, status=Status.ACTIVE, status_at=Now())
    for kind in ("welcome_email", "workspace"):
        Step.objects.create(account=newcomer, kind=kind, dependency=kind, state=State.DONE, done_at=Now())
    fetch_ready()
    assert not Step.objects.filter(kind="letter.ready").exists()


def test_a_welcome_email_that_goes_out_later_says_what_is_so_then():
    """Its first try met an outage, and the mail service did not take it; by the second that is over."""
    newcomer = Person.create(asked_at=None)
    service = Dependency.objects.create(name="workspace", broken=True)
    Outage.objects.create(dependency=service, failure="5xx", error="503")
    welcome = Step.objects.create(account=newcomer, kind="welcome_email", dependency="mail")
    Step.objects.create(account=newcomer, kind="workspace", dependency="workspace")
    welcome.refresh_from_db()
    assert "hasn't been working" in str(compose("welcome", welcome).body)
    Outage.objects.update(ended_at=Now())
    assert "hasn't been working" not in str(compose("welcome", welcome).body)
    handed_over(welcome)
    assert recipient(owed(newcomer, "letter.ready")).told_late_at is None, "it was never said"
