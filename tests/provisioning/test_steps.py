"""Steps of a platform's own: what they are called, whatever they return or raise, and rows that outlive code."""

import asyncio
import sys
from datetime import timedelta
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, Event
from accounts.status import Status
from provisioning import doctor, unknown_kinds
from provisioning.engine.claim import Result, claim_tickets, perform
from provisioning.engine.loop import Engine
from provisioning.engine.settle import settle
from provisioning.exceptions import StepFailed
from provisioning.intake.pickup import pick_up
from provisioning.intake.waivers import waive
from provisioning.kinds import _reference_of, in_diary, label_of, setup_kinds, shortened
from provisioning.models import OWED, Attempt, Outcome, State, Step
from provisioning.sweep import anything_due, reconcile, sweep
from provisioning.waiting_room.pages import look_at
from support.models import Ticket
from support.tickets.queue import close, open_ticket
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

OURS = ["welcome_email", "workspace"]
INSERT = """
    INSERT INTO provisioning_step (account_id, kind, occasion, dependency, key, state, epoch, attempts, leased,
        error, permanent, reference, facts)
    VALUES (%s, %s, '', 'billing', gen_random_uuid(), 'open', 0, 0, false, '', false, '', '{}')
    ON CONFLICT DO NOTHING
"""


@pytest.fixture
def platform(world, settings):
    """Owe steps of one's own: platform({"shop.billing.charge": function}) puts them there and into SETUP_STEPS."""
    made: list[str] = []

    def configure(functions):
        for path, function in functions.items():
            place, _, name = path.rpartition(".")
            for depth in range(1, len(place.split(".")) + 1):
                module = ".".join(place.split(".")[:depth])
                if module not in sys.modules:
                    sys.modules[module] = ModuleType(module)
                    made.append(module)
            setattr(sys.modules[place], name, function)
        settings.SETUP_STEPS = [*OURS, *functions]
        setup_kinds.cache_clear()

    yield configure
    for module in made:
        del sys.modules[module]
    setup_kinds.cache_clear()


def charge(account, key):
    return f"cus_{key}"


def says(result):
    def charge(_account, _key):
        return result

    return charge


def refuse():
    raise StepFailed("no", permanent=True)


def raises(make_error):
    def charge(_account, _key):
        raise make_error()

    return charge


def status_of(account):
    account.refresh_from_db()
    return account.status


def theirs(account):
    return Step.objects.get(account=account, kind__contains="charge")


def an_hour_ago(**which):
    Step.objects.filter(**which).update(created_at=timezone.now() - timedelta(hours=1))


def insert_as_the_release_before(cursor, account):
    cursor.execute(INSERT, [account.pk, "charge"])


class Thing:
    def __str__(self):
        return "a thing\x00"


class Broken:
    def __str__(self):
        raise RuntimeError("no words")


RETURNS = {
    "an int": (7, "7"),
    "nought": (0, "0"),
    "None": (None, ""),
    "True": (True, ""),
    "bytes": (b"cus_\xff\x00", "cus_\ufffd\ufffd"),
    "a NUL": ("a\x00b", "a\ufffdb"),
    "10 kB": ("x" * 10_000, "x" * 200),
    "half a character": ("\ud800", "?"),
    "an object": (Thing(), "a thing\ufffd"),
    "an object without words": (Broken(), "Broken (RuntimeError)"),
    "a translation": (gettext_lazy("up for review"), "up for review"),
}


@pytest.mark.parametrize("what", RETURNS)
def test_whatever_a_step_returns(platform, what):
    result, reference = RETURNS[what]
    platform({"shop.billing.charge": says(result)})
    dana, bo = Person.create_batch(2)
    sweep()
    assert {status_of(dana), status_of(bo)} == {Status.ACTIVE}
    assert theirs(dana).reference == reference


@given(st.text() | st.binary() | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.text()))
def test_a_reference_can_be_kept(result):
    kept = _reference_of(result)
    assert len(kept) <= 200 and "\x00" not in kept
    kept.encode()


RAISES = {
    "an object": (lambda: StepFailed(Thing(), retry_after="soon"), "a thing\ufffd"),
    "bytes": (lambda: StepFailed(b"\xff\x00", failure=b"x" * 100, outage=object()), "\ufffd\ufffd"),
    "no words": (lambda: StepFailed(Broken(), retry_after=float("nan")), "Broken (RuntimeError)"),
    "1 MB": (lambda: StepFailed("x" * 1_000_000, retry_after=-1), "x" * 500),
    "an exception that does not speak": (lambda: type("Odd\N{SNOWMAN}", (Exception,), {})(Broken()), "a fault in"),
    "the end of the process": (lambda: SystemExit(1), "a fault in our own code (SystemExit)"),
    "a cancelled task": (asyncio.CancelledError, "a fault in our own code (CancelledError)"),
}


@pytest.mark.parametrize("what", RAISES)
def test_whatever_a_step_raises_its_neighbours_are_done(platform, what):
    error, words = RAISES[what]

    def charge(account, _key):
        if account.name == "Poisoned":
            raise error()
        return "cus_1"

    platform({"shop.billing.charge": charge})
    poisoned, *others = Person.create(name="Poisoned"), *Person.create_batch(3)
    sweep()
    sweep()
    assert {status_of(other) for other in others} == {Status.ACTIVE}
    assert theirs(poisoned).error.startswith(words)
    assert status_of(poisoned) == Status.EMAIL_SENT


def test_its_own_sort_of_failure_that_never_came_through_ours(platform):
    class Mine(StepFailed):
        def __init__(self):
            pass

    platform({"shop.billing.charge": raises(Mine)})
    dana = Person.create()
    sweep()
    assert theirs(dana).error == "it did not say why"


def test_what_is_still_to_be_run_is_not_done(platform):
    async def inner():
        return "cus_1"

    pending = inner()
    platform({"shop.billing.charge": says(pending)})
    dana = Person.create()
    sweep()
    pending.close()
    assert (theirs(dana).state, theirs(dana).error) == (
        State.OPEN,
        "a fault in our own code (it returned a coroutine)",
    )


async def later(account, key):
    return "cus_1"


@pytest.mark.parametrize("what", [later, 7, "charge"])
def test_what_cannot_be_called_is_refused(platform, what):
    platform({"shop.billing.charge": what})
    with pytest.raises(ImproperlyConfigured, match="not a plain function"):
        setup_kinds()


def path_of(length: int) -> str:
    return ("shop." + "x" * (length - 12) + ".charge")[:length]


@pytest.mark.parametrize("length", [30, 51, 52, 59, 60, 61, 80, 200])
def test_a_name_of_any_length(platform, length):
    ok, failing = path_of(length), f"long.{'charge' + 'y' * (length - 11)}"
    platform({ok: charge, failing: raises(lambda: StepFailed("no", permanent=True))})
    dana = Person.create()
    sweep()
    steps = Step.objects.filter(account=dana).exclude(kind__in=OURS).order_by("pk")
    assert [step.state for step in steps] == [State.DONE, State.DEAD]
    assert Event.objects.filter(kind=in_diary(shortened(failing, 51), Outcome.REFUSED)).exists()
    waive(dana, [steps[1].kind], actor=None, reason="x", pay_by=timezone.now())
    assert status_of(dana) == Status.ACTIVE


def test_a_function_and_a_dependency_of_many_characters(platform):
    function = says(1)
    function.__name__, function.dependency = "charge" + "z" * 190, "billing" + "z" * 90
    platform({"shop.billing.charge": function})
    dana = Person.create()
    sweep()
    assert status_of(dana) == Status.ACTIVE
    assert len(theirs(dana).dependency) == 40


def test_long_names_stay_themselves_and_apart():
    paths = ["shop." + "x" * n + tail for n in range(40, 200) for tail in (".charge", ".charge_more", ".refund")]
    short = {shortened(path, 51) for path in paths}
    assert len(short) == len(paths) and max(map(len, short)) <= 51
    assert label_of(shortened(paths[-1], 51)) == "refund"


def test_two_functions_of_one_name_are_two_steps(platform):
    platform({"shop.billing.charge": says("one"), "shop.crm.charge": says("two")})
    dana = Person.create()
    sweep()
    made = dict(Step.objects.filter(account=dana).exclude(kind__in=OURS).values_list("kind", "reference"))
    assert made == {"shop.billing.charge": "one", "shop.crm.charge": "two"}
    assert {label_of(kind) for kind in made} == {"charge"}


def test_people_read_its_label(platform):
    function = says(1)
    function.label = gettext_lazy("Billing at Stripe")
    platform({"shop.billing.charge": function})
    assert (label_of("shop.billing.charge"), label_of("welcome_email")) == ("Billing at Stripe", "welcome email")
    assert (label_of("letter.already_here"), label_of("gone.old_thing")) == (
        "email: you already have an account",
        "old thing",
    )


# Rows of the release before: its kind is the function's bare name.


@pytest.mark.parametrize("state", [State.DONE, State.OPEN])
def test_a_row_under_the_bare_name_is_the_same_step(platform, state):
    platform({"shop.billing.charge": charge, "shop.crm.charge": charge})
    dana = Person.create()
    old = Step.objects.create(account=dana, kind="charge", dependency="charge", state=state)
    for _ in range(2):
        sweep()
        reconcile()
    assert status_of(dana) == Status.ACTIVE
    named = dict(Step.objects.filter(account=dana).exclude(kind__in=OURS).values_list("kind", "state"))
    assert named == {"charge": State.DONE, "shop.crm.charge": State.DONE}
    old.refresh_from_db()
    assert old.reference == ("" if state == State.DONE else f"cus_{old.key}")


def test_a_worker_of_the_release_before_owes_nothing_twice(platform):
    """It would owe the step by its bare name, with another key, to whoever has it by its path."""
    platform({"shop.billing.charge": charge})
    dana, bo = Person.create_batch(2)
    pick_up([dana.pk])
    with doctor.connection.cursor() as cursor:
        insert_as_the_release_before(cursor, dana)
        insert_as_the_release_before(cursor, bo)
    pick_up()
    kinds = Step.objects.exclude(kind__in=OURS).values_list("account", "kind")
    assert set(kinds) == {(dana.pk, "shop.billing.charge"), (bo.pk, "charge")}
    sweep()
    assert {status_of(dana), status_of(bo)} == {Status.ACTIVE}


# Steps that were taken out, and steps that are new.


@pytest.mark.parametrize("state", [State.OPEN, State.DEAD])
def test_a_step_that_was_taken_out_keeps_nobody_waiting(platform, state):
    platform({"shop.billing.charge": raises(lambda: StepFailed("no", permanent=state == State.DEAD))})
    dana = Person.create()
    sweep()
    assert status_of(dana) == (Status.FAILED if state == State.DEAD else Status.EMAIL_SENT)
    platform({})
    an_hour_ago(kind="shop.billing.charge")
    Step.objects.filter(state__in=OWED).update(due_at=Now())
    tries = Attempt.objects.count()
    reconcile()
    assert status_of(dana) == Status.ACTIVE
    assert (theirs(dana).state, Attempt.objects.count(), anything_due()) == (state, tries, False)
    assert [line.kind for line in look_at(dana).lines] == OURS
    if state == State.OPEN:
        assert unknown_kinds.parked() == {"shop.billing.charge": 1}
        assert "parked" in doctor.people() and "1 × shop.billing.charge" in doctor.people()


def test_it_is_paid_once_somebody_knows_it_again(platform):
    platform({"shop.billing.charge": raises(lambda: StepFailed("no"))})
    dana = Person.create()
    sweep()
    platform({})
    an_hour_ago(kind="shop.billing.charge")
    reconcile()
    platform({"shop.billing.charge": charge})
    Step.objects.filter(state__in=OWED).update(due_at=Now())
    sweep()
    assert (status_of(dana), theirs(dana).state) == (Status.ACTIVE, State.DONE)


def test_an_old_worker_calls_nobody_finished_whom_a_new_one_owes_more(platform):
    platform({"shop.billing.charge": charge})
    dana = Person.create()
    pick_up()
    platform({})  # the worker of the release before
    sweep()
    reconcile()
    assert status_of(dana) == Status.EMAIL_SENT
    platform({"shop.billing.charge": charge})
    sweep()
    assert status_of(dana) == Status.ACTIVE


def test_a_ticket_for_an_unknown_step_spends_no_try(platform):
    platform({"shop.billing.charge": charge})
    dana = Person.create()
    pick_up()
    tickets = Step.objects.filter(account=dana, kind="shop.billing.charge").values_list("pk", "epoch")
    claimed = claim_tickets(list(tickets))
    platform({})
    assert perform(theirs(dana)).too_late
    engine = Engine()
    engine.start(lambda: claimed)
    engine.run(0)
    assert (theirs(dana).attempts, theirs(dana).state, Attempt.objects.count()) == (0, State.OPEN, 0)


def test_a_step_that_needs_another_service_now_takes_its_debts_along(platform):
    platform({"shop.billing.charge": raises(lambda: StepFailed("no"))})
    dana = Person.create()
    sweep()
    moved = says("cus_1")
    moved.dependency = "new billing"
    platform({"shop.billing.charge": moved})
    reconcile()
    Step.objects.filter(state__in=OWED).update(due_at=Now())
    sweep()
    assert (theirs(dana).dependency, theirs(dana).state) == ("new billing", State.DONE)


def test_backfill_reaches_who_is_active_already(platform, monkeypatch, capsys):
    monkeypatch.setattr("provisioning.intake.backfill.BATCH", 2)
    early = Person.create_batch(5)
    sweep()
    gone = Person.create(status=Status.ACTIVE, is_active=False, asked_at=None)
    staff = Person.create(status=Status.ACTIVE, is_staff=True, asked_at=None)
    had_it = Person.create(status=Status.ACTIVE, asked_at=None)
    Step.objects.create(account=had_it, kind="charge", dependency="charge", state=State.DONE)
    platform({"shop.billing.charge": charge})
    call_command("backfill_step", "shop.billing.charge")
    assert "owed to 5 more" in capsys.readouterr().out
    assert "5 are owed to people who are active" in doctor.people()
    call_command("backfill_step", "shop.billing.charge")
    assert "owed to 0 more" in capsys.readouterr().out
    assert {status_of(account) for account in early} == {Status.ACTIVE}
    sweep()
    done = Step.objects.filter(kind="shop.billing.charge", state=State.DONE)
    assert set(done.values_list("account", flat=True)) == {account.pk for account in early}
    assert not Step.objects.filter(account__in=[gone, staff]).exists()
    assert not Account.objects.exclude(status=Status.ACTIVE).exists()


def test_a_step_owed_later_that_is_given_up_is_a_persons_to_answer(platform):
    dana, other = Person.create(), Person.create()
    sweep()
    platform({"shop.billing.charge": lambda account, key: charge(account, key) if account == other else refuse()})
    call_command("backfill_step", "shop.billing.charge")
    sweep()
    assert (status_of(dana), theirs(dana).state) == (Status.ACTIVE, State.DEAD)
    ticket = Ticket.objects.get()
    assert (ticket.account, ticket.why) == (dana, Ticket.Why.GAVE_UP)
    sweep()
    assert Ticket.objects.get(closed_at=None) == ticket, "the account is active, and still somebody owes an answer"
    close(ticket, "We looked after it by hand.")
    sweep()
    assert not Ticket.objects.filter(closed_at=None).exists(), "answered is answered"
    Ticket.objects.all().delete()
    sweep()
    Step.objects.filter(state=State.DEAD).update(state=State.DONE)
    sweep()
    assert Ticket.objects.get().closed_because == "The account became active."


def test_whose_ticket_is_open_already_takes_nobodys_place(platform, monkeypatch):
    monkeypatch.setattr("support.tickets.queue.BATCH", 1)
    people = Person.create_batch(12)
    sweep()
    for person in people[1:]:
        open_ticket(person, person.email, Ticket.Why.WROTE)
    platform({"shop.billing.charge": charge})
    for person in people:
        dead = {"state": State.DEAD, "failed_at": timezone.now()}
        Step.objects.create(account=person, kind="shop.billing.charge", dependency="charge", **dead)
    sweep()
    assert set(Ticket.objects.values_list("account", flat=True)) == {person.pk for person in people}


@pytest.mark.parametrize("path", ["shop.billing.nothing", "workspace"])
def test_backfill_takes_only_a_step_of_the_settings(platform, path):
    with pytest.raises(CommandError, match="SETUP_STEPS does not name"):
        call_command("backfill_step", path)


def test_a_row_with_the_longest_name_of_the_release_before(platform):
    function = says(1)
    function.__name__ = "charge" + "q" * 54
    platform({"shop.billing.charge": function})
    dana = Person.create()
    old = Step.objects.create(account=dana, kind=function.__name__, dependency="charge")
    settle([Result(old, 0.1, failure=StepFailed("no"))])
    sweep()
    assert Event.objects.filter(kind="shop.billing.charge.failed").exists()
