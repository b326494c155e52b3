"""An act is a POST with a reason and the state that was seen. All else is refused, and nothing changes."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.claims import hash_token
from accounts.models import AccessRequest, Account, Event, SignupClaim, Voice
from accounts.status import Status
from provisioning.models import State, Step
from support.actions import actions
from support.actions import views as actions_views
from support.actions.page_state import changes, seal, state_of, state_of_incident
from support.models import Affected, Incident, Letter, Message, Note, Press, Promise, Recovery, Ticket
from support.service_level import availability
from support.tickets import queue
from tests.people import Person, Supporter
from tests.support.test_today import given_up, wrote

pytestmark = pytest.mark.django_db
ON_A_PERSON = [
    *("note_deadline", "recover", "let_in", "send_link", "vouch", "end_sessions", "correct_address"),
    *("add_note", "correct_company"),
    *("reply", "put_aside", "hand_over", "mark_abusive", "close", "delete_account"),
]
IN_ANY_STATE = ("add_note", "note_deadline", "delete_account")
WORDS = {"reason": "because", "days": "2", "wakes_on": "time", "hours": "4", "body": "Hello Dana", "draft": ""}
WORDS |= {"email": "dana.sommer@acme.example", "company": "Acme GmbH", "whose": "whose@acme.example", "note": "n"}
WORDS |= {
    "needed_by": f"{timezone.now() + timedelta(days=30):%Y-%m-%dT%H:%M}",
    "needed_because": "a pitch",
    "proof": "phone",
    "reference": "AAA-AAAA",
}


@pytest.fixture
def dana():
    person = Person.create(name="Dana Sommer", status=Status.FAILED, asked_at=None, reference=WORDS["reference"])
    given_up(person)
    wrote(person)
    return person


OFFERED_AFTER = {
    "send_link": "signed_up_with_other_password",
    "vouch": "signed_up_with_other_password",
    "end_sessions": "signed_up_with_other_password",
    "correct_address": "mail.bounced",
}


def seen(jordan, person, name=""):
    """The seal of a page that offers this act."""
    if name in OFFERED_AFTER:
        Event.objects.create(account=person, voice=Voice.WE, kind=OFFERED_AFTER[name])
    person = Account.objects.get(pk=person.pk)
    return seal(state_of(person, actions_views.open_ticket_of(person)), jordan)


def do(desk, name, sealed, **words):
    return desk.post(f"/admin/acts/{name}/", WORDS | {"seen": sealed} | words)


def everything():
    """All that an act could change."""
    return [
        list(Account.objects.exclude(is_staff=True).order_by("pk").values("status", "asked_at", "email", "company")),
        list(Step.objects.order_by("pk").values("state", "attempts", "due_at", "pay_by")),
        list(
            Ticket.objects.order_by("pk").values("closed_at", "asleep_since", "handed_over_at", "abusive", "account")
        ),
        list(Recovery.objects.order_by("pk").values("ended_at")),
        AccessRequest.objects.count(),
        Note.objects.count(),
        [Letter.objects.count(), Event.objects.count(), Press.objects.count(), Recovery.objects.count()],
    ]


def test_every_act_of_a_person_is_done_once_and_noted(desk, jordan, dana):
    for name in ON_A_PERSON[:-1]:  # after the last nothing is left to look at
        sealed, before = seen(jordan, dana, name), everything()
        answer = do(desk, name, sealed)
        assert answer.status_code == 302 and everything() != before, name
    kinds = set(Event.objects.filter(account=dana, actor=jordan).values_list("kind", flat=True))
    expected = {"recovered", "workspace.waived", "link_sent", "replied", "put_aside", "handed_over", "abusive"}
    expected |= {"noted_deadline", "vouched", "sessions_ended", "corrected_address", "corrected_company"}
    assert kinds == expected | {"ticket.closed"}


@pytest.mark.parametrize("name", [*ON_A_PERSON, "recover_all", "stop_recovery"])
def test_get_does_nothing(desk, dana, name):
    before = everything()
    assert desk.get(f"/admin/acts/{name}/").status_code == 405
    assert everything() == before


@pytest.mark.parametrize("name", ON_A_PERSON)
def test_a_second_click_does_nothing(desk, jordan, dana, name):
    sealed = seen(jordan, dana, name)
    untouched = everything()
    do(desk, name, sealed)
    before = everything()
    assert before != untouched
    do(desk, name, sealed)
    assert everything() == before


@pytest.mark.parametrize("name", [name for name in ON_A_PERSON if name not in IN_ANY_STATE])
def test_a_stale_page_is_refused_with_what_changed(desk, jordan, dana, name):
    sealed = seen(jordan, dana, name)
    Step.objects.filter(account=dana, kind="workspace").update(state=State.DONE)
    Account.objects.filter(pk=dana.pk).update(status=Status.ACTIVE)
    before = everything()
    answer = desk.post(f"/admin/acts/{name}/", WORDS | {"seen": sealed}, follow=True)
    assert everything() == before
    assert "since you looked" in answer.content.decode() and "workspace: done" in answer.content.decode()


@pytest.mark.parametrize("name", ON_A_PERSON)
def test_staff_without_the_permission_are_refused(jordan, dana, name):
    visitor = Supporter.create(is_superuser=False)
    client = Client()
    client.force_login(visitor)
    sealed, before = seen(visitor, dana, name), everything()
    assert do(client, name, sealed).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("name", ON_A_PERSON)
def test_people_who_are_no_staff_do_not_get_in(dana, name):
    client = Client()
    client.force_login(dana)
    before = everything()
    assert do(client, name, seen(dana, dana)).status_code == 302
    assert everything() == before


@pytest.mark.parametrize("sealed", ["", "nonsense", None])
@pytest.mark.parametrize("name", [*ON_A_PERSON, "recover_all"])
def test_a_crafted_post_is_refused(desk, jordan, dana, name, sealed):
    """Not our seal, or one that was made for somebody else."""
    before = everything()
    other = seen(Supporter.create(), dana) if sealed is None else sealed
    assert do(desk, name, other).status_code == 400
    assert everything() == before


def test_without_the_csrf_token_nothing_happens(jordan, dana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(jordan)
    before = everything()
    assert do(client, "recover", seen(jordan, dana)).status_code == 403
    assert everything() == before


def test_an_act_wants_its_reason(desk, jordan, dana):
    before = everything()
    do(desk, "recover", seen(jordan, dana), reason=" ")
    assert everything() == before


def test_an_unknown_act_is_not_found(desk):
    assert desk.post("/admin/acts/delete_everybody/", {}).status_code == 404


def test_a_reply_is_held_when_they_wrote_again_meanwhile(desk, jordan, dana):
    sealed = seen(jordan, dana)
    wrote(dana, body="Never mind, it works!")
    answer = desk.post("/admin/acts/reply/", WORDS | {"seen": sealed}, follow=True)
    assert not Letter.objects.exists()
    assert "they wrote again" in answer.content.decode()


def test_a_reply_keeps_the_promise_and_no_machine_makes_another_meanwhile(jordan, dana):
    ticket, now = Ticket.objects.get(), timezone.now()
    availability.answer_those_who_wrote(now)
    queue.refresh_these(Ticket.objects.all())
    promise = Promise.objects.get()
    assert Ticket.objects.get().promised_for == promise.due
    actions.reply(ticket, jordan, "Hello", "", uuid4(), then_close=False)
    availability.answer_those_who_wrote(now)
    assert Promise.objects.get().kept_at


def test_letting_in_has_a_ceiling(jordan, dana):
    for person in Person.create_batch(actions.MOST_DEBTS):
        given_up(person)
        Step.objects.filter(account=person, kind="workspace").update(state=State.WAIVED, pay_by=timezone.now())
    with pytest.raises(actions.Refused, match="Ask the owner"):
        actions.let_in(dana, jordan, "please", timezone.now())
    assert not Step.objects.filter(account=dana, state=State.WAIVED).exists()


def test_an_answer_wakes_a_ticket_that_was_put_aside(jordan, dana):
    ticket = Ticket.objects.get(account=dana)
    actions.put_aside(ticket, jordan, "waiting", Ticket.Wake.ANSWER, timezone.now() + timedelta(days=1))
    assert not queue.waiting().exists()
    wrote(dana, body="Here I am")
    assert queue.waiting().get() == ticket


def test_a_change_of_the_account_wakes_it(jordan, dana):
    actions.put_aside(Ticket.objects.get(), jordan, "waiting", Ticket.Wake.CHANGE, timezone.now() + timedelta(days=1))
    queue.wake()
    assert not queue.waiting().exists()
    dana.move(Status.PROVISIONED)
    queue.wake()
    assert queue.waiting().exists()


def test_the_owner_gets_it_by_letter(jordan, dana, settings):
    actions.hand_over(Ticket.objects.get(), jordan, "she asks for money")
    letter = Letter.objects.get()
    assert letter.to in settings.OWNER_EMAIL and "she asks for money" in letter.body
    assert not queue.waiting().exists()


def test_abusive_words_are_behind_a_click(desk, jordan, dana):
    wrote(dana, body="You complete idiots")
    actions.mark_abusive(Ticket.objects.get(), jordan, "not twice")
    html = desk.get("/admin/").content.decode()
    assert re.search(r"<details>\s*<summary>Their message is hidden.*?idiots.*?</details>", html, re.S)


def test_a_button_that_she_may_not_press_is_not_shown(jordan, desk, dana):
    jordan.groups.clear()
    for codename in ("recover", "view_account", "view_ticket"):
        jordan.user_permissions.add(permission(codename))
    html = desk.get("/admin/").content.decode()
    assert "acts/recover/" in html and "acts/let_in/" not in html and "acts/reply/" not in html


def permission(codename):
    return Permission.objects.get(codename=codename)


def test_an_incident_is_recovered_once(desk, jordan, dana):
    incident = Incident.objects.create(dependency="workspace", failure="5xx", error="503", began_at=timezone.now())
    Affected.objects.create(incident=incident, account=dana)
    first, second = (seal(state_of_incident(incident), jordan) for _ in range(2))
    do(desk, "recover_all", first)
    do(desk, "recover_all", first)
    do(desk, "recover_all", second)
    assert Recovery.objects.count() == 1
    do(desk, "stop_recovery", seal(state_of_incident(incident), jordan))
    assert "stopped by Jordan" in Recovery.objects.get().ended_because


def test_nobody_gets_a_page_sealed_for_a_person_that_is_gone(desk, jordan, dana):
    sealed = seen(jordan, dana)
    dana.delete()
    assert do(desk, "recover", sealed).status_code == 302
    assert not Press.objects.filter(key=uuid4()).exists() and not Press.objects.exists()


def test_logging_them_out_everywhere(desk, jordan):
    dana = Person.create(status=Status.ACTIVE, asked_at=None)
    phone, laptop = Client(), Client()
    for browser in (phone, laptop):
        browser.force_login(dana)
        assert browser.get("/home/").status_code == 200
    SignupClaim.objects.create(token_hash=hash_token("x" * 43), email=dana.email, account=dana, proven=True)
    laptop.cookies[settings.CLAIM_COOKIE_NAME] = "x" * 43
    assert do(desk, "end_sessions", seen(jordan, dana)).status_code == 302
    assert phone.get("/home/").status_code == laptop.get("/home/").status_code == 302
    assert dana.email not in laptop.get("/arriving/").content.decode()
    assert desk.get("/admin/").status_code == 200, "nobody else is logged out"


# Deletion on request


def test_who_asks_and_has_proved_it_is_deleted_with_all_that_is_theirs(desk, jordan, dana):
    answer = do(desk, "delete_account", seen(jordan, dana))
    assert answer.status_code == 302 and not Account.objects.filter(pk=dana.pk).exists()
    assert not Ticket.objects.exists() and not Message.objects.exists()
    [line] = Event.objects.filter(kind="deleted_everything")
    assert (line.voice, line.actor, line.detail, line.account) == (Voice.SUPPORT, jordan, "phone", None)
    page = desk.get("/admin/").content.decode()
    assert "Everything about them is deleted" in page and "Dana" not in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reference": "BBB-BBBB"}, "that is not the reference of this account"),
        ({"reference": ""}, "Enter the reference"),
        ({"proof": ""}, "Choose how they proved who they are"),
        ({"proof": "a feeling"}, "Select a valid choice"),
    ],
)
def test_nobody_is_deleted_by_mistake(desk, jordan, dana, wrong, said):
    before = everything()
    answer = desk.post("/admin/acts/delete_account/", WORDS | {"seen": seen(jordan, dana)} | wrong, follow=True)
    assert said in answer.content.decode() and everything() == before


# A deadline that stands in a message


def test_a_deadline_in_a_message_is_one_press(desk, jordan, dana):
    Message.objects.update(body="I need it by 15:00 tomorrow, please.")
    html = desk.get("/admin/").content.decode()
    assert html.count("acts/note_deadline/") == 1 and "They need it by (" in html
    [proposed] = re.findall(r'name="needed_by" value="([^"]+)"', html)
    sealed = re.search(r'acts/note_deadline/.*?name="seen" value="([^"]+)"', html, re.DOTALL)
    assert sealed and proposed.endswith("T15:00")
    do(desk, "note_deadline", unescape(sealed[1]), needed_by=proposed, needed_because="")
    dana.refresh_from_db()
    assert f"{timezone.localtime(dana.needed_by):%Y-%m-%dT%H:%M}" == proposed
    assert Ticket.objects.get().needed_by == dana.needed_by
    again = desk.get("/admin/").content.decode()
    assert again.index("Other actions") < again.index("acts/note_deadline/")


def test_a_deadline_that_has_passed_is_refused(desk, jordan, dana):
    answer = desk.post(
        "/admin/acts/note_deadline/",
        WORDS | {"seen": seen(jordan, dana), "needed_by": "2020-01-01T10:00"},
        follow=True,
    )
    assert "That time has passed" in answer.content.decode()


# A page that an older release made


def test_what_an_older_page_did_not_know_is_no_change():
    now = {"status": "failed", "email": "dana@acme.example", "new_fact": True}
    assert changes({"status": "failed", "email": "dana@acme.example"}, now) == []
    assert changes({"status": "created", "email": "dana@acme.example"}, now) == [
        "the status went from created to failed"
    ]
    assert changes(now, {**now, "new_fact": False}) == ["it has changed"]
    assert changes({"status": "failed"}, {"status": "failed", "spoken": 3}) == ["a word was sent to them"]
