"""Events for the product: signed, each once, in their order, whatever the receiver does; by a real little server."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import Account, Event, EventKind, Voice, move
from accounts.profile.changes import change_details
from accounts.profile.deletion import delete_everything
from accounts.status import Status
from product.events import delivery, occasions
from provisioning.engine import circuit_breaker
from provisioning.errands import diary
from provisioning.errands.source import ERRANDS
from provisioning.models import Dependency, Errand, Heartbeat, State, Step
from provisioning.sweep import drain, sweep
from provisioning.workspaces import http
from tests.edges.conftest import ANOTHER, SECRET
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


def somebody_ready() -> Account:
    dana = Person.create()
    sweep()
    sweep()
    dana.refresh_from_db()
    assert dana.status == Status.ACTIVE
    return dana


def later() -> None:
    """All waits are over."""
    Errand.objects.filter(state=State.OPEN).update(due_at=Now() - timedelta(seconds=1), held=False)
    Dependency.objects.update(probe_at=Now() - timedelta(seconds=1))


def errands() -> list[tuple[str, str, int]]:
    return list(Errand.objects.order_by("pk").values_list("kind", "state", "attempts"))


def test_the_packages_own_verifier_takes_what_we_sign(world, settings):
    *_, receiver = world
    settings.EVENTS_SECRETS = [ANOTHER, SECRET]
    dana = somebody_ready()
    [request] = receiver.taken
    for secret in (SECRET, ANOTHER):
        said = Webhook(secret).verify(request.body, dict(request.headers))
    assert (said["type"], said["data"]) == (
        "account.ready",
        {"id": str(dana.pk), "workspace": str(dana.pk), "owed": []},
    )
    assert request.headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"ready", b"steady"), dict(request.headers))


def test_each_event_is_told_once_and_says_nobodys_name(world):
    *_, receiver = world
    dana = somebody_ready()
    change_details(dana, {"company": "Lund & Co", "name": "Dana Lund"})
    sweep()
    Account.objects.filter(pk=dana.pk).update(is_active=False)
    sweep()
    sweep()
    Account.objects.filter(pk=dana.pk).update(is_active=True)
    sweep()
    Account.objects.filter(pk=dana.pk).update(is_active=False)
    sweep()
    delete_everything(dana)
    sweep()
    assert [
        (kind, request.json["data"].get("changed"))
        for (kind, _), request in zip(receiver.told, receiver.taken, strict=True)
    ] == [
        ("account.ready", None),
        ("account.changed", ["company", "name"]),
        ("account.suspended", None),
        ("account.changed", ["may_enter"]),
        ("account.suspended", None),
        ("account.deleted", None),
    ]
    assert len({request.headers["webhook-id"] for request in receiver.taken}) == 6
    assert {pk for _kind, pk in receiver.told} == {str(dana.pk)}
    for word in (dana.email, "Dana", "Acme", "Lund", dana.phone):
        assert all(word.encode() not in request.body for request in receiver.requests)


def test_somebody_who_is_given_up_is_told(world, settings):
    _mail, workspaces, receiver = world
    workspaces.mode = "4xx"
    dana = Person.create()
    sweep()
    sweep()
    assert receiver.told == [("account.failed", str(dana.pk))]
    assert receiver.taken[0].json["data"]["given_up"] == ["workspace"]


def test_a_debt_that_is_paid_is_told(world):
    *_, receiver = world
    dana = somebody_ready()
    Step.objects.filter(account=dana, kind="workspace").update(pay_by=Now(), done_at=Now())
    sweep()
    assert [request.json["data"].get("changed") for request in receiver.taken] == [None, ["owed"]]


@pytest.mark.parametrize("mode", ["refused", "drop", "400", "500", "503", "redirect", "long", "reply_lost"])
def test_an_event_that_was_not_taken_is_told_again_with_the_same_id_and_body(world, mode):
    *_, receiver = world
    receiver.mode = mode
    somebody_ready()
    assert errands() == [("account.ready", State.OPEN, 1)]
    assert len(Errand.objects.get().error) <= 200
    receiver.mode = "ok"
    later()
    drain()
    assert errands() == [("account.ready", State.DONE, 2)]
    assert len({(request.headers["webhook-id"], request.body) for request in receiver.requests}) == 1
    assert all(request.path == "/arrivals?of=acme" for request in receiver.requests)


def test_a_receiver_that_is_mute_is_left(world, monkeypatch):
    *_, receiver = world
    monkeypatch.setattr(http, "HEAD_SECONDS", 0.2)
    receiver.mode = "mute"
    somebody_ready()
    assert Errand.objects.get().error == "the product did not answer in time"


def test_later_events_of_an_account_wait_for_the_earlier_and_nobody_elses_do(world):
    *_, receiver = world
    dana = somebody_ready()
    receiver.taken.clear()
    receiver.script(["500", "ok"])
    change_details(dana, {"company": "One"})
    sweep()
    change_details(dana, {"company": "Two"})
    bo = somebody_ready()
    assert receiver.told == [("account.ready", str(bo.pk))]
    later()
    drain()
    assert receiver.told[1:] == [("account.changed", str(dana.pk))] * 2
    ids = [str(key) for key in Errand.objects.filter(account=dana.pk).order_by("pk").values_list("key", flat=True)]
    assert [r.headers["webhook-id"] for r in receiver.taken if r.json["data"]["id"] == str(dana.pk)] == ids[1:]


def test_one_that_is_given_up_holds_up_no_other_and_is_told_again_on_request(world, settings, capsys):
    *_, receiver = world
    settings.SETUP_GIVE_UP_AFTER = 1
    receiver.script(["500", "ok"])
    dana = somebody_ready()
    change_details(dana, {"company": "One"})
    sweep()
    assert [(kind, state) for kind, state, _ in errands()] == [
        ("account.ready", State.DEAD),
        ("account.changed", State.DONE),
    ]
    call_command("resume_events")
    assert capsys.readouterr().out == "1 events are due now, 1 of them had been given up.\n"
    drain()
    assert receiver.told == [("account.changed", str(dana.pk)), ("account.ready", str(dana.pk))]


@pytest.mark.parametrize(("asked", "wait"), [(120, 120), (None, delivery.REST), (10_000_000, 86_400)])
def test_too_many_holds_everything_until_it_said_and_costs_no_try(world, asked, wait):
    *_, receiver = world
    receiver.retry_after = asked
    receiver.script(["429", "ok"])
    somebody_ready()
    somebody_ready()
    assert len(receiver.requests) == 1
    held = Errand.objects.annotate(now=Now()).get(held=True)
    assert held.attempts == 0 and 0 <= wait - (held.due_at - held.now).total_seconds() < 30
    later()
    drain()
    assert len(receiver.taken) == 2


def test_gone_stops_it_and_everything_is_kept_until_somebody_resumes(world, settings):
    *_, receiver = world
    receiver.mode = "410"
    somebody_ready()
    somebody_ready()
    later()
    drain()
    assert len(receiver.requests) == 1
    assert "asked us to stop (410)" in Errand.objects.filter(held=True).latest("due_at").error
    receiver.mode = "ok"
    call_command("resume_events", verbosity=0)
    drain()
    assert len(receiver.taken) == 2


def test_another_address_is_told_though_the_first_asked_us_to_stop(world, settings):
    *_, receiver = world
    receiver.mode = "410"
    somebody_ready()
    receiver.mode = "ok"
    settings.EVENTS_URL = receiver.url + "&another=1"
    later()
    drain()
    assert len(receiver.taken) == 1


def test_a_receiver_that_is_down_is_an_outage_and_spends_nobodys_tries(world):
    *_, receiver = world
    receiver.mode = "refused"
    for _ in range(4):
        somebody_ready()
    assert circuit_breaker.is_broken("product")
    before = [attempts for *_, attempts in errands()]
    for _ in range(3):
        later()
        drain()
    assert max(attempts for *_, attempts in errands()) <= max(before)
    receiver.mode = "ok"
    later()
    drain()
    assert not circuit_breaker.is_broken("product")
    for _ in range(3):
        later()
        drain()
    assert len(receiver.told) == 4


def test_without_an_address_nothing_is_owed_and_what_was_is_kept(world, settings):
    *_, receiver = world
    receiver.mode = "500"
    somebody_ready()
    settings.EVENTS_URL = ""
    somebody_ready()
    later()
    drain()
    assert errands() == [("account.ready", State.OPEN, 1)]
    assert Errand.objects.get().error == "EVENTS_URL names nobody to tell"


def test_a_line_that_was_committed_late_is_read_all_the_same(world):
    """Written before the bookmark, and seen only after it."""
    *_, receiver = world
    dana = somebody_ready()
    Event.objects.create(account=dana, voice=Voice.WE, kind=EventKind.PROVED_MAILBOX, at=Now() - timedelta(minutes=5))
    Heartbeat.objects.filter(name=occasions.READER).update(at=Now())
    sweep()
    assert receiver.told[-1][0] == "account.changed"


def test_what_happened_while_nobody_read_is_told_from_the_bookmark_on(world):
    *_, receiver = world
    dana = somebody_ready()
    for days in (9, 2):
        Event.objects.create(
            account=dana, voice=Voice.WE, kind=EventKind.PROVED_MAILBOX, at=Now() - timedelta(days=days)
        )
    sweep()
    assert len(receiver.told) == 1
    Heartbeat.objects.filter(name=occasions.READER).update(at=Now() - timedelta(days=3))
    sweep()
    assert len(receiver.told) == 2


def test_a_bookmark_from_the_future_hides_nothing(world):
    *_, receiver = world
    dana = somebody_ready()
    Heartbeat.objects.filter(name=occasions.READER).update(at=Now() + timedelta(days=400))
    Event.objects.create(account=dana, voice=Voice.WE, kind=EventKind.PROVED_MAILBOX)
    sweep()
    assert receiver.told[-1][0] == "account.changed"


def test_reading_in_batches_reads_everything(world, monkeypatch):
    *_, receiver = world
    monkeypatch.setattr(diary, "BATCH", 2)
    dana = somebody_ready()
    for _ in range(5):
        Event.objects.create(account=dana, voice=Voice.WE, kind=EventKind.PROVED_MAILBOX)
    sweep()
    assert len(receiver.told) == 6


def test_nothing_is_told_of_an_account_after_its_deletion(world):
    """The reader waits for the deletion, and finds nobody any more."""
    *_, receiver = world
    dana = somebody_ready()
    Event.objects.create(account=dana, voice=Voice.WE, kind=EventKind.PROVED_MAILBOX)

    def read():
        occasions.fetch()
        connection.close()

    with transaction.atomic():
        Account.objects.select_for_update().get(pk=dana.pk)
        reader = threading.Thread(target=read)
        reader.start()
        delete_everything(dana)
    reader.join()
    sweep()
    assert [kind for kind, _ in receiver.told] == ["account.ready", "account.deleted"]


def test_a_lease_that_lapsed_is_somebody_elses_and_its_failure_says_nothing(world):
    *_, receiver = world
    receiver.mode = "500"
    somebody_ready()
    later()
    source = ERRANDS
    [claimed] = source.claim("product", 5, False)
    Errand.objects.update(due_at=Now() - timedelta(seconds=1))
    [again] = source.claim("product", 5, False)
    late = source.perform(claimed)
    source.settle([late])
    assert Errand.objects.get().due_at > again.due_at - timedelta(seconds=1)
    receiver.mode = "ok"
    source.settle([source.perform(again)])
    assert Errand.objects.get().state == State.DONE


def test_a_wrong_clock_holds_nothing_up_for_long(world):
    *_, receiver = world
    receiver.mode = "500"
    somebody_ready()
    receiver.mode = "ok"
    Errand.objects.update(due_at=Now() + timedelta(days=400), held=F("held"))
    drain()
    assert len(receiver.taken) == 1


def test_a_sweep_with_no_news_asks_once(world, django_assert_num_queries):
    somebody_ready()
    occasions.fetch()
    with django_assert_num_queries(1):
        occasions.fetch()


def test_news_are_found_by_an_index(world):
    for name in ("diary_news", "who_is_suspended"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_indexes WHERE indexname = %s", [name])
            assert cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plans = occasions.news().explain() + occasions.suspended().explain()
        cursor.execute("RESET enable_seqscan")
    assert "diary_news" in plans and "who_is_suspended" in plans


def test_moving_many_tells_each(world):
    *_, receiver = world
    people = Person.create_batch(3, status=Status.CREATED, asked_at=None)
    move([person.pk for person in people], Status.CREATED, Status.ACTIVE)
    sweep()
    assert sorted(pk for _kind, pk in receiver.told) == sorted(str(person.pk) for person in people)
