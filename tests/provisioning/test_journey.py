"""Pick up, claim, perform, settle: on real PostgreSQL, a real mail server and a real provisioner."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account, Event
from accounts.signup import ask_for_repair
from accounts.status import Status
from provisioning.engine import claim as journey
from provisioning.engine.claim import Result, claim_due, claim_tickets
from provisioning.engine.settle import settle
from provisioning.exceptions import StepFailed
from provisioning.intake.pickup import pick_up
from provisioning.intake.waivers import waive
from provisioning.kinds import KINDS, setup_kinds
from provisioning.models import OWED, Attempt, Outcome, State, Step, Workspace
from provisioning.sweep import reconcile, sweep
from tests.people import Person, Supporter

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(account):
    account.refresh_from_db()
    return account.status


def step(account, kind):
    return Step.objects.get(account=account, kind=kind, occasion="")


def sweep_until(condition, sweeps=20):
    for _ in range(sweeps):
        sweep()
        if condition():
            return
        Step.objects.filter(state__in=OWED, leased=False).update(due_at=Now())  # time passes
    raise AssertionError("it never came to be")


def claim_all(kind="workspace"):
    return claim_due(KINDS[kind].dependency, [kind], 100)


def test_a_newcomer_arrives(world):
    mail, workspaces = world
    dana = Person.create()
    sweep()
    assert status_of(dana) == Status.ACTIVE
    assert len(mail.to(dana.email)) == 1
    assert workspaces.effects == {str(dana.pk): 1}
    assert Workspace.objects.get(account=dana).reference == str(dana.pk)
    told = list(Event.objects.filter(account=dana).order_by("pk").values_list("kind", flat=True))
    assert set(told) >= {"workspace.done", "welcome_email.done", "status.active"}


def test_the_letter_is_whole(world):
    dana = Person.create(name="Dana Müller 🚀")
    sweep()
    [letter] = world[0].to(dana.email)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].startswith(f"<{step(dana, 'welcome_email').key}@")
    assert {part.get_content_type() for part in letter.walk()} >= {"text/plain", "text/html"}
    assert letter["Reply-To"]


@pytest.mark.parametrize("mode", ["mute", "4xx", "drop", "refused"])
def test_mail_that_fails_is_tried_again(world, mode, settings):
    mail, _workspaces = world
    mail.mode, settings.EMAIL_TIMEOUT = mode, 0.5
    dana = Person.create()
    sweep()
    assert status_of(dana) == Status.PROVISIONED
    assert step(dana, "welcome_email").error
    mail.mode, settings.EMAIL_TIMEOUT = "ok", 10
    sweep_until(lambda: status_of(dana) == Status.ACTIVE)
    assert len(mail.to(dana.email)) == 1


@pytest.mark.parametrize("mode", ["503", "429", "redirect", "drop", "refused"])
def test_a_workspace_that_fails_is_tried_again(world, mode):
    mail, workspaces = world
    workspaces.retry_after = 0
    workspaces.mode = mode
    dana = Person.create()
    sweep()
    assert status_of(dana) == Status.EMAIL_SENT
    workspaces.mode = "ok"
    sweep_until(lambda: status_of(dana) == Status.ACTIVE)
    assert workspaces.effects == {str(dana.pk): 1}
    assert len(mail.to(dana.email)) == 1


@pytest.mark.parametrize("mode", ["reply_lost", "garbage"])
def test_a_reply_that_is_lost_makes_no_second_workspace(world, mode):
    _mail, workspaces = world
    workspaces.script([mode, "ok"])
    dana = Person.create()
    sweep_until(lambda: status_of(dana) == Status.ACTIVE)
    assert workspaces.effects == {str(dana.pk): 1}
    assert len({request.headers["Idempotency-Key"] for request in workspaces.requests}) == 1


def test_a_workspace_that_is_there_already_is_a_success(world):
    _mail, workspaces = world
    dana = Person.create()
    workspaces.workspaces[str(dana.pk)] = {"id": str(dana.pk), "key": "somebody else's"}
    sweep()
    assert status_of(dana) == Status.ACTIVE


def test_retry_after_is_kept(world):
    _mail, workspaces = world
    workspaces.retry_after = 600
    workspaces.mode = "503 with Retry-After"
    dana = Person.create()
    sweep()
    assert step(dana, "workspace").due_at > timezone.now() + timedelta(minutes=9)


def test_a_refusal_for_good_gives_up_at_once(world):
    mail, workspaces = world
    dana = Person.create()
    mail.bad_rcpt(dana.email)
    workspaces.mode = "4xx"
    sweep()
    assert status_of(dana) == Status.FAILED
    for kind, said in (("welcome_email", "550"), ("workspace", "422")):
        refused = step(dana, kind)
        assert (refused.state, refused.permanent, refused.attempts) == (State.DEAD, True, 1)
        assert said in refused.error


def test_the_tries_are_spent_and_what_is_done_stays_done(world, settings):
    mail, workspaces = world
    settings.SETUP_GIVE_UP_AFTER = 3
    workspaces.mode = "503"
    dana = Person.create()
    sweep_until(lambda: status_of(dana) == Status.FAILED)
    assert step(dana, "workspace").attempts == 3
    assert step(dana, "welcome_email").state == State.DONE
    workspaces.mode = "ok"
    for _ in range(3):
        sweep()
    assert status_of(dana) == Status.FAILED, "only a door gives fresh tries"
    ask_for_repair(dana)
    sweep()
    assert status_of(dana) == Status.ACTIVE
    assert len(mail.to(dana.email)) == 1, "the welcome letter was sent a second time"


def test_a_lapsed_lease_is_taken_over(world, settings):
    settings.SETUP_LEASE = timedelta(milliseconds=-1)
    dana = Person.create()
    pick_up()
    assert claim_all(), "the worker that took it dies here"
    settings.SETUP_LEASE = timedelta(seconds=60)
    sweep()
    assert status_of(dana) == Status.ACTIVE


def test_a_lease_holds_while_it_lasts(world):
    Person.create()
    pick_up()
    assert len(claim_all()) == 1
    assert claim_all() == []


def test_a_stale_ticket_takes_nothing(world):
    Person.create()
    pick_up()
    row = Step.objects.get(kind="workspace")
    assert len(claim_tickets([(row.pk, row.epoch)])) == 1
    assert claim_tickets([(row.pk, row.epoch)]) == []


def test_a_late_failure_changes_nothing(world, settings):
    settings.SETUP_LEASE = timedelta(milliseconds=-1)
    dana = Person.create()
    pick_up()
    [late] = claim_all()
    [current] = claim_all()
    settle([Result(late, 9.0, failure=StepFailed("too late", permanent=True))])
    row = step(dana, "workspace")
    assert (row.state, row.epoch, row.error) == (State.OPEN, current.epoch, "")
    assert Attempt.objects.get(step=row).outcome == Outcome.LATE


def test_a_late_success_is_a_fact(world, settings):
    settings.SETUP_LEASE = timedelta(milliseconds=-1)
    dana = Person.create()
    pick_up()
    [late] = claim_all()
    [current] = claim_all()
    settle([Result(late, 9.0, reference="made")])
    settle([Result(current, 1.0, failure=StepFailed("the second was refused", permanent=True))])
    assert step(dana, "workspace").state == State.DONE
    assert status_of(dana) == Status.PROVISIONED


def test_a_late_success_heals_what_was_given_up(world):
    dana = Person.create()
    pick_up()
    claims = claim_all() + claim_all("welcome_email")
    settle([Result(c, 1.0, failure=StepFailed("no", permanent=True)) for c in claims])
    assert status_of(dana) == Status.FAILED
    Step.objects.update(state=State.WAIVED)
    settle([Result(c, 9.0, reference="made after all") for c in claims])
    assert status_of(dana) == Status.ACTIVE


def test_two_last_steps_that_finish_together(world):
    """Without the lock on the account each misses the other, and the account never becomes ACTIVE."""
    people = [Person.create() for _ in range(40)]
    pick_up()
    claims = {kind: {c.account_id: c for c in claim_all(kind)} for kind in setup_kinds()}
    for dana in people:
        together = Barrier(2)

        def finish(claim, together=together):
            together.wait()
            settle([Result(claim, 0.1, reference="x")])
            connection.close()

        threads = [Thread(target=finish, args=[claims[kind][dana.pk]]) for kind in claims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not Account.objects.exclude(status=Status.ACTIVE).exists()


def test_a_poisoned_step_stops_nobody(world, settings):
    settings.SETUP_STEPS = ["workspace", "tests.provisioning.test_journey.poison"]
    setup_kinds.cache_clear()
    try:
        people = [Person.create() for _ in range(3)]
        sweep()
        assert Workspace.objects.count() == 3
        assert {status_of(dana) for dana in people} == {Status.EMAIL_SENT}
        assert "ZeroDivisionError" in Step.objects.filter(kind__endswith=".poison")[0].error
    finally:
        setup_kinds.cache_clear()


def poison(account, key):
    return 1 / 0


def test_a_step_of_the_platform(world, settings):
    settings.SETUP_STEPS = ["welcome_email", "workspace", "tests.provisioning.test_journey.make_customer"]
    setup_kinds.cache_clear()
    try:
        dana = Person.create()
        sweep()
        assert status_of(dana) == Status.ACTIVE
        made = step(dana, f"{__name__}.make_customer")
        assert (made.reference, made.dependency) == (f"cus_{dana.email}", "billing")
    finally:
        setup_kinds.cache_clear()


def make_customer(account, key):
    return f"cus_{account.email}"


setattr(make_customer, "dependency", "billing")  # noqa: B010 - a function may say whom it needs


def test_a_step_that_is_added_later_reaches_the_unfinished(world, settings):
    mail, _workspaces = world
    mail.mode = "4xx"
    late, early = Person.create(), Person.create(status=Status.ACTIVE, asked_at=None)
    sweep()
    settings.SETUP_STEPS = ["welcome_email", "workspace", "tests.provisioning.test_journey.make_customer"]
    setup_kinds.cache_clear()
    try:
        reconcile()
        mail.mode = "ok"
        sweep_until(lambda: status_of(late) == Status.ACTIVE)
        assert step(late, f"{__name__}.make_customer").state == State.DONE
        assert not Step.objects.filter(account=early).exists()
    finally:
        setup_kinds.cache_clear()


def test_a_status_that_slipped_is_put_right(world):
    dana = Person.create()
    sweep()
    Account.objects.filter(pk=dana.pk).update(status=Status.CREATED)
    reconcile()
    assert status_of(dana) == Status.ACTIVE


def test_a_kind_of_newer_code_is_parked(world):
    dana = Person.create()
    pick_up()
    Step.objects.create(account=dana, kind="from_the_future", dependency="workspace")
    sweep()
    parked = Step.objects.get(kind="from_the_future")
    assert (parked.state, parked.attempts) == (State.OPEN, 0)


def test_let_in_with_a_debt_that_is_paid_later(world):
    _mail, workspaces = world
    workspaces.mode = "503"
    dana, jordan = Person.create(), Supporter.create()
    sweep()
    pay_by = timezone.now() + timedelta(days=2)
    [owed] = waive(dana, ["workspace"], actor=jordan, reason="Her call is at three", pay_by=pay_by)
    assert (owed.kind, status_of(dana)) == ("workspace", Status.ACTIVE)
    assert waive(dana, ["workspace"], actor=jordan, reason="again", pay_by=pay_by) == []
    workspaces.mode = "ok"
    sweep_until(lambda: step(dana, "workspace").state == State.DONE)
    assert workspaces.effects == {str(dana.pk): 1}
    line = Event.objects.get(kind="workspace.waived")
    assert (line.actor, line.detail) == (jordan, "Her call is at three")


def test_fetching_twice_at_once_gives_each_step_once(world):
    people = [Person.create() for _ in range(30)]

    def fetch():
        pick_up()
        connections.close_all()

    threads = [Thread(target=fetch) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Step.objects.count() == 2 * len(people)
    assert not Account.objects.filter(asked_at__isnull=False).exists()


def test_those_who_are_here_come_first(world):
    Person.create()
    pick_up()
    Step.objects.update(due_at=Now() - timedelta(days=1))  # somebody who has waited for long
    newcomer = Person.create()
    pick_up()
    [first] = claim_due("workspace", ["workspace"], 1)
    assert first.account_id == newcomer.pk


def test_a_sweep_with_nothing_to_do_asks_little(world, django_assert_max_num_queries):
    sweep()
    Person.create()
    sweep()
    with django_assert_max_num_queries(25):
        sweep()


def test_perform_never_raises(world):
    dana = Person.create()
    broken = Step(account=dana, kind="no such kind", dependency="mail")
    failure = journey.perform(broken).failure
    assert failure and failure.failure == "bug"
