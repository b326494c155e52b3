"""The word to everybody of an outage: one item, one press, each in their own draft, taken back within ten seconds."""

import re
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Event, EventKind
from accounts.status import Status
from provisioning.models import Dependency, Outage, State, Step
from support.models import Message, Ticket, TrustRepair
from support.tickets import outbox
from support.trust import apologies, bulk_words
from tests.people import Person, Supporter

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MANY, FEW = 300, 12


@pytest.fixture
def outage() -> Outage:
    service = Dependency.objects.create(name="workspace")
    return Outage.objects.create(
        dependency=service, failure="5xx", error="503", began_at=Now() - 60 * HOUR, ended_at=Now() - HOUR
    )


@pytest.fixture
def harmed(outage) -> list[Account]:
    return who_waited(FEW)


def who_waited(number: int) -> list[Account]:
    """People who waited for longer than a day, each so long; the machine has found what they are owed."""
    people = Person.create_batch(number, status=Status.ACTIVE, asked_at=None)
    for place, account in enumerate(people):
        Account.objects.filter(pk=account.pk).update(
            created_at=Now() - (26 + place % 20) * HOUR, status_at=Now() - HOUR
        )
    Step.objects.bulk_create(
        Step(account=account, kind="workspace", dependency="workspace", state=State.DONE, done_at=Now())
        for account in people
    )
    while TrustRepair.objects.count() < len(people):
        apologies.assess(timezone.now())
    return people


def press(desk, outage, what="send_words"):
    return desk.post(reverse(f"admin:{what}", args=[outage.pk]), follow=True).content.decode()


def emails():
    return Step.objects.filter(kind="letter.word")


def test_one_press_for_three_hundred_each_in_their_own_words(desk, outage, django_assert_max_num_queries):
    who_waited(MANY)
    page = desk.get(reverse("admin:words")).content.decode()
    assert "300 people, because workspace was down" in " ".join(page.split()) and "Send all 300 notes" in page
    with django_assert_max_num_queries(60):
        page = press(desk, outage)
    assert "300 notes will go out in ten seconds." in page and "Undo" in page
    assert emails().count() == MANY and not emails().filter(due_at__lte=Now()).exists()
    for step in emails().select_related("account")[:40]:
        hours = round((step.account.status_at - step.account.created_at) / HOUR)
        assert f"it cost you {hours} hours" in step.facts["words"]
        assert step.facts["words"].startswith(f"Hello {step.account.first_name},")
    assert Event.objects.filter(kind=EventKind.WORD_SENT, actor__isnull=False).count() == MANY
    assert not apologies.words_owed().exists()
    assert "Nobody in this outage is owed" in press(desk, outage), "a second press sends nothing"
    assert emails().count() == MANY


def test_it_is_taken_back_within_ten_seconds(desk, outage, harmed):
    press(desk, outage)
    assert "12 notes were not sent." in press(desk, outage, "take_words_back")
    assert not emails().exists() and apologies.words_owed().count() == FEW
    assert Event.objects.filter(kind=EventKind.WORD_TAKEN_BACK).count() == FEW
    assert "Undo" not in desk.get(reverse("admin:words")).content.decode()
    press(desk, outage)
    assert emails().count() == FEW, "and may be sent all the same"


def test_what_has_gone_out_is_not_taken_back(desk, outage, harmed):
    press(desk, outage)
    first, *_others = emails().order_by("pk")
    Step.objects.filter(pk=first.pk).update(epoch=1, leased=True)
    assert "11 notes were not sent." in press(desk, outage, "take_words_back")
    assert TrustRepair.objects.get(account=first.account_id).state == TrustRepair.State.SENT
    Step.objects.update(due_at=Now())
    assert "Too late" in press(desk, outage, "take_words_back")


def test_it_is_offered_as_long_as_it_can_be_done(desk, outage, harmed):
    press(desk, outage)
    session = desk.session
    session["words_sent"] = session["words_sent"] | {"at": (timezone.now() - outbox.UNDO_FOR).isoformat()}
    session.save()
    assert "Undo" not in desk.get(reverse("admin:words")).content.decode()


def test_whoever_waits_for_a_reply_has_it_in_that(desk, outage, harmed):
    dana = harmed[0]
    ticket = Ticket.objects.create(account=dana, email=dana.email, why=Ticket.Why.WROTE)
    Message.objects.create(ticket=ticket, account=dana, email=dana.email, body="?")
    press(desk, outage)
    assert emails().count() == FEW - 1 and not emails().filter(account=dana).exists()


def test_her_own_words_are_kept_and_the_draft_is_of_today(desk, outage, harmed):
    first, second = TrustRepair.objects.order_by("opened_at", "pk")[:2]
    TrustRepair.objects.filter(pk=first.pk).update(words="My own.")
    TrustRepair.objects.update(ready_at=F("ready_at") - 48 * HOUR)
    press(desk, outage)
    assert emails().get(account=first.account_id).facts["words"] == "My own."
    words = emails().get(account=second.account_id).facts["words"]
    assert re.search(r"working since \d\d:\d\d on \w+day", words), "not “today”"


def test_one_alone_is_no_group(desk, outage, harmed):
    TrustRepair.objects.exclude(account=harmed[0]).update(state=TrustRepair.State.SENT)
    assert bulk_words.groups(timezone.now()) == []


def test_who_may_not_write_may_not_press(client, outage, harmed):
    client.force_login(Person.create(is_staff=True, status=Status.ACTIVE))
    for what in ("send_words", "take_words_back"):
        assert client.post(reverse(f"admin:{what}", args=[outage.pk])).status_code == 403
    assert not emails().exists()


def test_whoever_works_at_the_desk_by_now_is_not_among_them(desk, outage, harmed):
    Account.objects.filter(pk=harmed[0].pk).update(is_staff=True)
    press(desk, outage)
    assert emails().count() == FEW - 1 and not emails().filter(account=harmed[0]).exists()


def test_one_note_is_taken_back_within_ten_seconds_and_its_words_stay(desk, harmed):
    repair = TrustRepair.objects.latest("pk")
    desk.post(reverse("admin:send_word", args=[repair.pk]), {"words": "My own words.", "restitution": "a month"})
    assert emails().count() == 1 and "You can take it back" in desk.get(reverse("admin:words")).content.decode()
    answer = desk.post(reverse("admin:take_word_back", args=[repair.pk]), follow=True).content.decode()
    assert "1 note was not sent." in answer and "My own words." in answer and "You can take it back" not in answer
    repair.refresh_from_db()
    assert (repair.state, emails().count()) == ("owed", 0)


def test_one_note_that_has_gone_out_is_not_taken_back(desk, harmed):
    repair = TrustRepair.objects.latest("pk")
    desk.post(reverse("admin:send_word", args=[repair.pk]), {"words": "My own words."})
    emails().update(due_at=Now() - HOUR)
    answer = desk.post(reverse("admin:take_word_back", args=[repair.pk]), follow=True).content.decode()
    assert "Too late: it has gone out." in answer and "Sent lately" in answer
    assert emails().count() == 1


def test_nobody_takes_back_what_another_session_sent(desk, harmed, client):
    repair = TrustRepair.objects.latest("pk")
    desk.post(reverse("admin:send_word", args=[repair.pk]), {"words": "My own words."})
    client.force_login(Supporter.create(is_superuser=True))
    client.post(reverse("admin:take_word_back", args=[repair.pk]))
    assert emails().count() == 1


def test_a_note_is_taken_back_by_whoever_sent_it_and_nobody_else(desk, jordan, harmed):
    repair = TrustRepair.objects.latest("pk")
    desk.post(reverse("admin:send_word", args=[repair.pk]), {"words": "My own words."})
    assert apologies.take_back(TrustRepair.objects.filter(pk=repair.pk), Supporter.create()) == 0
    assert apologies.take_back(TrustRepair.objects.filter(pk=repair.pk), jordan) == 1
