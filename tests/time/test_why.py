"""The owner's page: what is counted, what is asked, and what is refused as an answer."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Event, Voice
from provisioning.models import Attempt, Step
from support.models import Lost, Question
from support.reviews import charts, impact, questions
from support.service_level.unattended import REASON
from support.trust.truth import Became, Shown, untrue
from tests.door.test_table import LOOKING, ROOM
from tests.people import Person, Supporter
from tests.time.conftest import LISBON, at, minutes, outage, signed_up, they, works

BEGAN, ENDED = at("2026-11-24 16:30"), at("2026-11-24 20:30")
NOW = at("2026-11-25 10:00")


@pytest.fixture
def evening(desk):
    """An outage of four hours, one of them at work; three people, of whom one still waits."""
    down = outage("workspace", BEGAN, ENDED)
    people = [signed_up(BEGAN + minutes(60 * number), name=f"Dana {number}") for number in range(3)]
    works(people[0], ENDED)
    works(people[1], ENDED + minutes(30))
    works(signed_up(BEGAN - minutes(60), failing=None), BEGAN - minutes(59))
    return down, people


def test_who_was_touched_and_what_it_took(evening, desk):
    down, people = evening
    Lost.objects.create(outage=down, how="silent", at=NOW)
    for actor in (None, Supporter.create()):
        Event.objects.create(
            account=people[0],
            at=BEGAN + minutes(70),
            voice=Voice.WE,
            kind="workspace.waived",
            detail=REASON,
            actor=actor,
        )
    found = impact.toll_of([down], desk.schedule(), NOW)
    assert impact.people_of(down) == people
    assert found.person_hours == 4 + 3.5 + 15.5
    assert (found.hours_alone, found.lost, found.by_hand, found.by_rule) == (3, 1, 1, 1)


def test_a_month_counts_nobody_and_no_hour_twice(evening, desk):
    """Mail was down in the last two of these four hours, too."""
    down, people = evening
    mail = outage("mail", BEGAN + minutes(120), ENDED)
    for person in people:
        person_came_for_mail(person, ENDED)
    together = impact.toll_of([down, mail], desk.schedule(), NOW)
    alone = impact.toll_of([down], desk.schedule(), NOW)
    assert impact.touched_by(mail).count() > 0
    assert (together.people, together.hours_alone) == (alone.people, alone.hours_alone)
    assert together.person_hours == alone.person_hours


def person_came_for_mail(person, done_at):
    step = Step.objects.get(account=person, kind="welcome_email")
    Step.objects.filter(pk=step.pk).update(state="done", done_at=done_at)
    Attempt.objects.create(
        step=step, epoch=9, outcome="failed", error="no answer", ended_at=ENDED - minutes(5), seconds=1
    )


def test_untrue_sentences_are_measured_by_the_status_at_that_moment(evening):
    _down, people = evening
    person = people[0]
    for status, moment in (("email_sent", 1), ("failed", 60), ("active", 240)):
        kind = f"status.{status}"
        Event.objects.create(account=person, at=BEGAN + minutes(moment), voice=Voice.WE, kind=kind)
    for minute, shown in (
        (2, "waiting.late"),
        (30, "waiting.ready"),  # untrue: it was not
        (61, "waiting.gave_up"),
        (90, "login.unknown"),  # untrue: there it was
        (100, "waiting.late"),  # untrue: it had been given up
        (241, "waiting.ready"),
        (242, "receipt.heading"),
    ):
        they(person, BEGAN + minutes(minute), "looked", shown)
    assert impact.untrue_since({person.pk}, BEGAN) == 3
    assert impact.untrue_since({people[1].pk}, BEGAN) == 0


def test_a_page_that_was_true_when_it_was_made_is_no_lie():
    changed = [Became(BEGAN, "active")]
    seconds = timedelta(seconds=1)
    assert untrue([Shown(BEGAN + seconds, "waiting.late"), Shown(BEGAN, "waiting.ready")], changed) == []
    late = Shown(BEGAN + 11 * seconds, "waiting.late")
    assert untrue([late], changed) == [late]


@pytest.mark.parametrize("state", ROOM)
def test_each_state_of_the_door_is_told_what_is_true_of_it(state):
    status = {"email only": "email_sent", "workspace only": "provisioned"}.get(state, state)
    if state != "failed":  # whoever comes back has tries again: the room goes on from there
        assert untrue([Shown(NOW, key) for key in ROOM[state]], [Became(BEGAN, status)]) == []
    assert untrue([Shown(NOW, key) for key in LOOKING[state]], [Became(BEGAN, status)]) == []


def test_who_noticed_first(evening):
    down, people = evening
    assert impact.first_to_notice(down, people) == ("", BEGAN + minutes(120))
    they(people[0], BEGAN + minutes(3), "wrote")
    assert impact.first_to_notice(down, people) == ("Dana 0", BEGAN + minutes(3))


def test_waiting_and_arrival_by_hand():
    ten = at("2026-11-24 10:00")
    people = [(ten, ten + minutes(30)), (ten + minutes(10), ten + minutes(20)), (ten + minutes(20), None)]
    over_time = impact.waiting_over_time(people, ten, ten + minutes(60))
    assert [number for _at, number in over_time[1::2]] == [1, 2, 2, 1, 1]
    assert dict(impact.time_to_arrival(people)) == {
        "under 1 min": 0, "1–10 min": 0, "10–60 min": 2, "1–4 hours": 0, "4–24 hours": 0, "longer": 0, "not yet": 1,
    }  # fmt: skip


@pytest.mark.parametrize("rows", [[], [("none", 0)], [("a <b>", 3), ("c", 40)]])
def test_bars_are_a_picture(rows):
    drawn = ElementTree.fromstring(charts.bars("People & times", rows))
    assert len(drawn.findall("rect")) == len(rows)
    assert all(float(rect.get("height", "-1")) >= 0 for rect in drawn.findall("rect"))
    assert "style" not in charts.bars("x", rows)


def test_steps_are_a_picture():
    ten = at("2026-11-24 10:00")
    drawn = ElementTree.fromstring(charts.steps("Waiting", [(ten, 0), (ten, 2), (ten + minutes(60), 0)], LISBON))
    assert [text.text for text in drawn.findall("text")] == [
        "2", "1", "24 Nov 10:00", "10:15", "10:30", "10:45", "24 Nov 11:00",
    ]  # fmt: skip
    ElementTree.fromstring(charts.steps("Nothing", [], LISBON))


def test_each_question_is_put_once(evening):
    for _ in range(2):
        questions.ask(at("2026-12-01 10:00"))
    assert Question.objects.filter(outage=evening[0]).count() == len(questions.OF_AN_OUTAGE)
    assert Question.objects.filter(month="2026-11-01").count() == len(questions.OF_A_MONTH)


ANSWER = {"choice": "do", "words": "The letter goes later.", "who": "Olga", "by": "2026-12-10"}


@pytest.mark.parametrize(
    ("change", "kept", "open_"),
    [
        ({}, True, False),
        ({"choice": "accept"}, True, False),
        ({"choice": "unknown"}, True, True),
        ({"who": ""}, False, True),
        ({"by": ""}, False, True),
        ({"choice": "later"}, False, True),
        ({"words": "It was plainly Human Error."}, False, True),
    ],
)
def test_an_answer_has_a_name_and_a_date_and_is_no_human_error(evening, change, kept, open_):
    questions.ask(NOW)
    question = Question.objects.filter(outage=evening[0]).first()
    assert question
    client = Client()
    client.force_login(Supporter.create())
    given = {f"{question.pk}-{name}": value for name, value in (ANSWER | change).items()}
    page = client.post(reverse("admin:why_answer", args=[question.pk]), given, follow=True).content.decode()
    question.refresh_from_db()
    assert bool(question.choice) is kept
    assert (question.answered_at is None) is open_
    assert "Olga" in page or change == {"who": ""}
    assert ("where the questions start" in page) == ("words" in change)


def test_an_unanswered_question_shows_its_age(evening, desk):
    questions.ask(NOW - minutes(3 * 24 * 60))
    question = Question.objects.filter(outage=evening[0]).first()
    assert question
    assert questions.asked(question, impact.Toll(people=3), NOW).age == 3


def test_the_pages_open_for_staff_alone(evening):
    questions.ask(at("2026-12-01 10:00"))
    client = Client()
    pages = [reverse("admin:why"), reverse("admin:why_outage", args=[evening[0].pk]), "/admin/why/month/2026-11/"]
    assert all(client.get(page).status_code == 302 for page in pages)
    client.force_login(Person.create())
    assert all(client.get(page).status_code == 302 for page in pages)
    client.force_login(Supporter.create())
    assert all(client.get(page).status_code == 200 for page in pages)
    assert "Why could one failure affect 3 people?" in client.get(pages[1]).content.decode()
