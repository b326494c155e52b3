"""The threads that perform: what they have done is settled, what they have not begun is given back."""

from collections import Counter
from datetime import timedelta
from threading import Event, Lock

import pytest
from django.db import OperationalError, connection, connections
from django.db.models.functions import Now

from accounts.models import Account
from accounts.status import Status
from provisioning.engine import circuit_breaker, loop
from provisioning.engine.claim import claim_due, give_back
from provisioning.engine.loop import Engine
from provisioning.intake.pickup import pick_up
from provisioning.kinds import setup_kinds
from provisioning.models import Attempt, Dependency, Fault, Heartbeat, State, Step
from provisioning.sweep import drain, sweep
from stage.processes import wait_until
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

A_THING = f"{__name__}.a_thing"
CUT_EVERYBODY_ELSE_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
done: Counter[str] = Counter()
cut_at: set[int] = set()
_lock = Lock()


def a_thing(account, _key):
    """Something that must not be done twice. At some of them the database loses everybody's connection."""
    with _lock:
        done[account.email] += 1
        if done.total() in cut_at:
            with connection.cursor() as cursor:
                cursor.execute(CUT_EVERYBODY_ELSE_OFF)


@pytest.fixture
def crowd_of_forty(settings):
    settings.SETUP_STEPS, settings.SETUP_THREADS = [A_THING], 2
    setup_kinds.cache_clear()
    done.clear()
    cut_at.clear()
    Person.create_batch(40)
    pick_up()
    yield
    setup_kinds.cache_clear()


def drain_until_done() -> set[int]:
    """Returns those whose claim was cut between COMMIT and its answer: only their lease ends that."""
    lost: set[int] = set()
    for _ in range(50):
        try:
            if drain():
                continue
            undone = Step.objects.exclude(state=State.DONE)
            if not undone.exists():
                return lost
            lost.update(undone.filter(leased=True).values_list("pk", flat=True))
            undone.filter(leased=True).update(due_at=Now())
        except OperationalError:
            connection.close()
    raise AssertionError("it never ended", list(Step.objects.exclude(state=State.DONE).values()))


@pytest.mark.parametrize("cuts", [{1}, {2, 3}, {7}, {10, 20, 30}, {40}])
def test_a_connection_that_is_lost_repeats_nothing(crowd_of_forty, cuts):
    cut_at.update(cuts)
    lost = drain_until_done()
    assert set(done.values()) == {1} and len(done) == 40
    assert set(Step.objects.exclude(pk__in=lost).values_list("attempts", "epoch")) == {(1, 2)}
    assert len(lost) <= len(cuts) * 2 * 2


def test_a_claim_that_nobody_knows_of_ends_with_its_lease(crowd_of_forty):
    claim_due("a_thing", [A_THING], 3)
    assert len(drain_until_done()) == 3
    assert set(done.values()) == {1} and len(done) == 40


def test_what_has_not_begun_is_given_back(crowd_of_forty):
    engine, claimed = Engine(), claim_due("a_thing", [A_THING], 10)
    engine.close()
    engine.start(lambda: claimed)
    engine.run()
    assert not done
    assert set(Step.objects.values_list("attempts", "epoch", "leased")) == {(0, 0, False)}
    assert Step.objects.filter(due_at__lte=Now()).count() == 40


def test_what_somebody_else_has_taken_is_not_given_back(crowd_of_forty):
    ours = claim_due("a_thing", [A_THING], 1)
    Step.objects.filter(pk=ours[0].pk).update(due_at=Now())  # the lease lapses
    [theirs] = [step for step in claim_due("a_thing", [A_THING], 40) if step.pk == ours[0].pk]
    give_back(ours)
    taken = Step.objects.get(pk=theirs.pk)
    assert (taken.epoch, taken.attempts, taken.leased) == (2, 2, True)
    give_back([theirs])
    taken.refresh_from_db()
    assert (taken.epoch, taken.attempts, taken.leased) == (1, 1, False)


def test_given_back_ticket_is_good_again(crowd_of_forty):
    """Its epoch is what it was, so that a ticket that is on its way still finds it."""
    [step] = claim_due("a_thing", [A_THING], 1)
    give_back([step])
    assert Step.objects.get(pk=step.pk).epoch == step.epoch - 1


# Slow, hanging and drip-feeding services, and a database that cannot write.

hanging = Event()


def a_hanging_thing(account, _key):
    if account.name.startswith("Hang"):
        hanging.wait(120)


@pytest.fixture
def two_dependencies(settings):
    settings.SETUP_STEPS = [f"{__name__}.a_hanging_thing", "workspace"]
    settings.SETUP_THREADS, settings.SETUP_LEASE = 2, timedelta(seconds=0.6)
    setup_kinds.cache_clear()
    hanging.clear()
    engine = Engine()
    yield engine
    hanging.set()
    assert engine.wait(30)
    setup_kinds.cache_clear()


def steps(kind):
    return Step.objects.filter(kind__endswith=kind)


def test_nobody_waits_for_a_thread_that_hangs(two_dependencies):
    """Its own threads are held, and those of the workspaces are not."""
    engine = two_dependencies
    for n in range(6):
        Person.create(name=f"Hang {n}")
    pick_up()
    engine.wake()
    wait_until(lambda: steps("workspace").filter(state=State.DONE).count() == 6, 30, "their workspaces")
    Person.create(name="Newcomer")
    pick_up()
    engine.wake()
    newcomers = Step.objects.filter(account__name="Newcomer", kind="workspace", state=State.DONE)
    wait_until(newcomers.exists, 30, "a newcomer's workspace")
    assert not steps("a_hanging_thing").filter(state=State.DONE, account__name__startswith="Hang").exists()


def test_what_outlives_its_leases_is_an_outage_and_its_thread_is_replaced(two_dependencies):
    engine = two_dependencies
    for n in range(3):
        Person.create(name=f"Hang {n}", email=f"h{n}@acme{n}.example", company=f"Acme {n}")
    pick_up()
    engine.wake(60)
    wait_until(lambda: "a_hanging_thing" in circuit_breaker.broken_now(), 60, "the outage")
    assert engine.pools["a_hanging_thing"].written_off >= 2
    spent = steps("a_hanging_thing").filter(leased=False, attempts__gt=0)
    wait_until(lambda: not spent.exists(), 10, "their tries to be given back")
    hanging.set()
    Dependency.objects.update(probe_at=Now())
    engine.wake(60)
    wait_until(lambda: not Account.objects.exclude(status=Status.ACTIVE).exists(), 60, "everybody")
    wait_until(lambda: engine.pools["a_hanging_thing"].written_off == 0, 30, "the threads that came back")


def test_a_lease_is_renewed_while_its_step_is_under_way(two_dependencies, settings):
    settings.SETUP_LEASE = timedelta(seconds=3)
    engine = two_dependencies
    Person.create(name="Hang")
    pick_up()
    engine.wake(1)
    wait_until(lambda: steps("a_hanging_thing").filter(leased=True).exists(), 30, "the claim")
    [first] = steps("a_hanging_thing").values_list("due_at", flat=True)
    renewed = steps("a_hanging_thing").filter(due_at__gt=first, epoch=1)
    wait_until(renewed.exists, 30, "a renewed lease")


def test_what_was_done_waits_for_a_database_that_can_write(crowd_of_forty):
    """Read-only, as in a failover, between effect and settling: nothing is done twice, and no try is spent."""
    other = connections.create_connection("default")

    def read_only(on: str) -> None:
        with other.cursor() as cursor:
            name = other.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {on}")
            cursor.execute(CUT_EVERYBODY_ELSE_OFF)

    with other.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
    engine, claimed = Engine(), claim_due("a_thing", [A_THING], 10)
    try:
        engine.start(lambda: claimed)
        read_only("on")
        engine.wake(0)
        wait_until(lambda: len(done) == 10 and engine.results == [], 30, "the effects")
        read_only("off")
        assert engine.wait(30)
    finally:
        with other.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
        read_only("off")
        other.close()
        connection.close()
    assert set(done.values()) == {1}
    assert Step.objects.filter(state=State.DONE, attempts=1).count() == 10


@pytest.mark.parametrize(
    "table",
    ["provisioning_step", "accounts_account", "provisioning_attempt", "accounts_event", "provisioning_outage"],
)
def test_a_row_that_cannot_be_written_ends_its_own_turn_only(world, table):
    """A trigger refuses every write that concerns one of ten people."""
    people = Person.create_batch(10)
    poisoned = people[4]
    whose = {
        "provisioning_step": "NEW.account_id",
        "accounts_event": "NEW.account_id",
        "accounts_account": "NEW.id",
        "provisioning_attempt": "(SELECT account_id FROM provisioning_step WHERE id = NEW.step_id)",
        "provisioning_outage": f"'{poisoned.pk}'::uuid",
    }[table]
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {whose} = '{poisoned.pk}' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$"
        )
        how = "BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION refuse()"
        cursor.execute(f"CREATE TRIGGER refuse {how.format(table)}")
    try:
        sweep()
        sweep()
        healthy = Account.objects.exclude(pk=poisoned.pk)
        assert set(healthy.values_list("status", flat=True)) == {Status.ACTIVE}
        assert len([letter for letter in world[0].received if poisoned.email in letter.recipients]) <= 1
        if table != "provisioning_outage":
            assert Fault.objects.exists(), "it is named at the desk"
        assert Heartbeat.objects.filter(name="sweep").exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse() CASCADE")
    Fault.objects.update(next_at=Now())
    Step.objects.filter(state__in=("open", "waived")).update(due_at=Now(), leased=False)
    Heartbeat.objects.filter(name="reconcile").delete()
    for _ in range(3):
        sweep()
    poisoned.refresh_from_db()
    assert poisoned.status == Status.ACTIVE, "and heals once it can be written"


def test_who_is_looking_does_not_wait_for_what_takes_long(two_dependencies, monkeypatch):
    """The loop sleeps upon a slow step: what comes in meanwhile wakes it."""
    monkeypatch.setattr(loop, "LOOK", 60)
    engine = two_dependencies
    Person.create(name="Hang")
    pick_up()
    engine.wake()
    wait_until(lambda: steps("workspace").filter(state=State.DONE).exists(), 30, "all but the slow step")
    Person.create(name="Newcomer")
    pick_up()
    engine.start(lambda: claim_due("workspace", ["workspace"], 10))
    newcomers = Step.objects.filter(account__name="Newcomer", kind="workspace", state=State.DONE)
    wait_until(newcomers.exists, 30, "the newcomer's workspace")


def test_what_is_done_at_one_time_is_settled_together(settings, monkeypatch):
    """The last steps of one newcomer come a moment after each other; two transactions would take twice as long."""
    monkeypatch.setattr(loop, "GATHER_FEW", 30)
    settings.SETUP_STEPS = [f"{__name__}.a_thing", f"{__name__}.a_hanging_thing"]
    setup_kinds.cache_clear()
    hanging.clear()
    done.clear()
    engine = Engine()
    Person.create(name="Hang")
    pick_up()
    engine.wake()
    try:
        wait_until(lambda: engine.results or Attempt.objects.exists(), 30, "the first")
        Event().wait(10 * loop.GATHER)  # as long as many results would be waited for, and longer
    finally:
        hanging.set()
    assert engine.wait(30)
    setup_kinds.cache_clear()
    assert Attempt.objects.values_list("ended_at", flat=True).distinct().count() == 1
