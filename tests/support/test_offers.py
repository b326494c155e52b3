"""Authorisation of acts: act × subject × permission. Every refused cell is tried with a seal that is valid."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Event, Voice
from accounts.status import Status
from provisioning.models import Dependency, State, Step
from support.actions.page_state import seal, state_of, state_of_incident, state_of_reply, state_of_selected
from support.actions.registry import ACTIONS
from support.actions.views import open_ticket_of
from support.models import Affected, Incident, Letter, Recovery, Ticket
from support.tickets import queue
from tests.people import Person, Supporter
from tests.support.test_acts import WORDS, everything
from tests.support.test_today import given_up, wrote

pytestmark = pytest.mark.django_db
TICKET = {"reply", "put_aside", "hand_over", "mark_abusive", "close"}
ALWAYS = {"add_note", "correct_company", "delete_account"}
ACCOUNT = ALWAYS | {"note_deadline"}
SEES = ["accounts.view_account", "support.view_ticket", "support.view_incident"]


PERMISSION = {name: action.permission for name, action in ACTIONS.items()}


@dataclass
class Subject:
    """What an act could be about."""

    account: Account | None = None
    ticket: Ticket | None = None
    incident: Incident | None = None
    recovery: Recovery | None = None
    reply: UUID | None = None

    def sealed(self, viewer) -> str:
        if self.recovery:
            return seal(state_of_selected(self.recovery), viewer)
        if self.reply:
            Letter.objects.update(author=viewer)
            return seal(state_of_reply(str(self.reply), Letter.objects.get(), held=True), viewer)
        if self.incident:
            return seal(state_of_incident(self.incident), viewer)
        account = self.account and Account.objects.get(pk=self.account.pk)
        return seal(state_of(account, self.ticket and Ticket.objects.get(pk=self.ticket.pk)), viewer)


def somebody(wrote_to_us=True, **more) -> Subject:
    person = Person.create(asked_at=None, **{"status": Status.FAILED} | more)
    ticket = wrote(person) if wrote_to_us else None
    return Subject(person, ticket)


def whose_machine_gave_up(**more) -> Subject:
    subject = somebody(**more)
    assert subject.account
    given_up(subject.account)
    return subject


def after(kind: str, **more) -> Subject:
    subject = whose_machine_gave_up(**more)
    Event.objects.create(account=subject.account, voice=Voice.WE, kind=kind)
    return subject


def waiting_for_a_service() -> Subject:
    subject = somebody(status=Status.CREATED)
    assert subject.account
    Dependency.objects.update_or_create(name="workspace", defaults={"broken": True})
    Step.objects.create(account=subject.account, kind="workspace", dependency="workspace", state=State.OPEN)
    return subject


def all_well() -> Subject:
    return somebody(status=Status.ACTIVE)


def with_a_closed_ticket() -> Subject:
    subject = whose_machine_gave_up()
    assert subject.ticket
    queue.close(subject.ticket, "done", None)
    return subject


def stranger() -> Subject:
    Person.create(email=WORDS["whose"])
    return Subject(None, wrote(email="nobody@acme.example"))


def incident(*, stuck=True, running=False, closed=False) -> Subject:
    subject = whose_machine_gave_up() if stuck else all_well()
    now = timezone.now()
    assert subject.account
    row = Incident.objects.create(dependency="workspace", failure="5xx", error="503", began_at=now)
    Affected.objects.create(incident=row, account=subject.account)
    if running:
        Recovery.objects.create(incident=row, reason="")
    if closed:
        Incident.objects.filter(pk=row.pk).update(closed_at=now)
        row.refresh_from_db()
    return Subject(incident=row)


def selected(**more) -> Subject:
    return Subject(recovery=Recovery.objects.create(incident=None, reason="", **more))


def reply_that_waits(**more) -> Subject:
    subject, key = whose_machine_gave_up(), uuid4()
    how = {"to": "dana@acme.example", "subject": "s", "body": "Hello", "automatic": False}
    Letter(occasion=f"reply {key}", ticket=subject.ticket, due_at=Now() + timedelta(hours=1), **how, **more).save()
    return Subject(reply=key)


# Whom it is about, and what the desk offers then to somebody who has every permission.
SUBJECTS = {
    "given up": (whose_machine_gave_up, {"recover", "let_in"} | ACCOUNT | TICKET),
    "given up, silent": (lambda: whose_machine_gave_up(wrote_to_us=False), {"recover", "let_in"} | ACCOUNT),
    "given up, ticket closed": (with_a_closed_ticket, {"recover", "let_in"} | ACCOUNT),
    "another password": (
        lambda: after("signed_up_with_other_password"),
        {"send_link", "vouch", "end_sessions"} | ACCOUNT | TICKET,
    ),
    "bounced": (lambda: after("mail.bounced"), {"correct_address", "recover", "let_in"} | ACCOUNT | TICKET),
    "a service is down": (waiting_for_a_service, {"let_in"} | ACCOUNT | TICKET),
    "all well": (all_well, {"vouch", "end_sessions"} | ALWAYS | TICKET),
    "suspended": (lambda: whose_machine_gave_up(is_active=False), TICKET | ACCOUNT),
    "stranger": (stranger, TICKET | {"link_account"}),
    "staff": (lambda: whose_machine_gave_up(is_staff=True), set()),
    "a superuser": (lambda: whose_machine_gave_up(is_superuser=True), set()),
    "staff, all well": (lambda: somebody(status=Status.ACTIVE, is_staff=True), set()),
    "staff, bounced": (lambda: after("mail.bounced", is_staff=True), set()),
    "a reply that waits": (reply_that_waits, {"undo_reply"}),
    "selected people, being recovered": (selected, {"stop_selected"}),
    "selected people, over": (lambda: selected(ended_at=timezone.now()), set()),
    "incident": (incident, {"recover_all"}),
    "incident, being recovered": (lambda: incident(running=True), {"stop_recovery"}),
    "incident, nobody stuck": (lambda: incident(stuck=False), set()),
    "incident, closed": (lambda: incident(closed=True), set()),
}


def staff_with(*permissions, **more) -> tuple[Account, Client]:
    user = Supporter.create(**{"is_superuser": False} | more)
    for name in permissions:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return user, client


def press(client, user, subject, act):
    sure = {"reference": subject.account.reference} if subject.account else {}
    return client.post(f"/admin/acts/{act}/", WORDS | sure | {"seen": subject.sealed(user)})


MAY = {
    "recover": "recover",
    "let_in": "let_in",
    "send_link": "reply",
    "correct_address": "correct_address",
    "vouch": "vouch",
    "end_sessions": "vouch",
    "reply": "reply",
    "put_aside": "put_aside",
    "hand_over": "hand_over",
    "mark_abusive": "mark_abusive",
    "close": "close",
    "undo_reply": "reply",
    "add_note": "add_note",
    "correct_company": "correct_company",
    "note_deadline": "reply",
    "delete_account": "delete_on_request",
    "link_account": "link_account",
    "stop_selected": "recover",
    "recover_all": "recover_all",
    "stop_recovery": "recover_all",
}


def test_every_act_has_a_permission():
    assert {act: name.removeprefix("support.") for act, name in PERMISSION.items()} == MAY


@pytest.mark.parametrize("act", sorted(ACTIONS))
@pytest.mark.parametrize("whom", SUBJECTS)
def test_only_what_is_offered_is_done(whom, act):
    """With every permission of the desk, and none to be a superuser."""
    make, offered = SUBJECTS[whom]
    user, client = staff_with(*SEES, *set(PERMISSION.values()))
    subject = make()
    before = everything()
    answer = press(client, user, subject, act)
    if act in offered:
        assert answer.status_code == 302 and everything() != before
    else:
        assert answer.status_code == 403 and "Nothing was done" in answer.content.decode()
        assert everything() == before


@pytest.mark.parametrize("act", sorted(ACTIONS))
@pytest.mark.parametrize("missing", ["its own", "all but its own", "to see whom it is about"])
def test_each_act_wants_its_own_permission_and_to_see(act, missing):
    make = next(make for make, offered in SUBJECTS.values() if act in offered)
    has = {*SEES, *PERMISSION.values()}
    if missing == "its own":
        has -= {PERMISSION[act]}
    elif missing == "to see whom it is about":
        has -= set(SEES)
    else:
        has = {*SEES, PERMISSION[act]}
    user, client = staff_with(*has)
    subject = make()
    before = everything()
    answer = press(client, user, subject, act)
    done = missing == "all but its own"
    assert answer.status_code == (302 if done else 403)
    assert (everything() != before) is done


@pytest.mark.parametrize("whom", ["staff", "a superuser", "staff, bounced", "staff, all well"])
@pytest.mark.parametrize("act", ["recover", "vouch", "end_sessions", "correct_address", "let_in", "reply"])
def test_a_superuser_helps_the_house(whom, act):
    """By the same offers as anybody is helped."""
    make, _offered = SUBJECTS[whom]
    user, client = staff_with(is_superuser=True)
    subject = make()
    everybody = {"staff": "given up", "a superuser": "given up", "staff, bounced": "bounced"}.get(whom, "all well")
    expected = act in SUBJECTS[everybody][1]
    assert (press(client, user, subject, act).status_code == 302) is expected


@pytest.mark.parametrize("whom", [name for name in SUBJECTS if not re.search("incident|selected|waits", name)])
def test_the_page_offers_what_a_press_may_do(whom):
    make, offered = SUBJECTS[whom]
    _user, client = staff_with(*SEES, *set(PERMISSION.values()))
    subject = make()
    page = (
        f"accounts/account/{subject.account.pk}/change/"
        if subject.account
        else f"?ticket={subject.ticket and subject.ticket.pk}"
    )
    html = client.get(f"/admin/{page}").content.decode()
    assert set(re.findall(r"/admin/acts/(\w+)/", html)) == offered


def test_a_ticket_of_the_house_without_its_account_in_the_seal():
    """A stranger's ticket that has become somebody of staff's since."""
    user, client = staff_with(*SEES, *set(PERMISSION.values()))
    subject = stranger()
    sealed = subject.sealed(user)
    Ticket.objects.filter(email="nobody@acme.example").update(account=Supporter.create())
    before = everything()
    assert client.post("/admin/acts/reply/", WORDS | {"seen": sealed}).status_code == 403
    assert everything() == before


def test_the_way_to_become_a_superuser_is_shut(jordan, desk):
    """S2: the address of a superuser put right, then a reset to it."""
    root = Supporter.create(status=Status.FAILED)
    given_up(root)
    Event.objects.create(account=root, voice=Voice.WE, kind="mail.bounced")
    sealed = seal(state_of(root, open_ticket_of(root)), jordan)
    answer = desk.post("/admin/acts/correct_address/", WORDS | {"seen": sealed, "email": "mine@evil.example"})
    assert answer.status_code == 403 and "isn't available to you" in unescape(answer.content.decode())
    assert Account.objects.get(pk=root.pk).email == root.email
