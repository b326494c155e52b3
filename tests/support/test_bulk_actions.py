"""Admin actions of the lists: confirmed by name, in the canary order, with the permission asked where it is done."""

import re
import time

import pytest
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Account, Event
from accounts.status import Status
from provisioning.models import Attempt, Outcome, State, Step
from support.desk.bulk_actions import MOST
from support.incidents import bulk_recovery
from support.models import Recovery, Ticket, Turn
from tests.people import Person, Supporter
from tests.support.test_today import given_up, page, wrote

pytestmark = pytest.mark.django_db
PEOPLE, TICKETS = "/admin/accounts/account/", "/admin/support/ticket/"
ASIDE = {"reason": "Waiting for their bank", "wakes_on": "time", "hours": "4"}


def stuck(n=8):
    people = [Person.create(name=f"Stuck {k:02}", status=Status.FAILED, asked_at=None) for k in range(n)]
    for person in people:
        given_up(person)
    return people


def choose(client, where, action, rows):
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows], "index": "0", "select_across": "0"}
    return client.post(where, chosen)


def confirm(client, where, html, **more):
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html.split('id="content-main"')[1])
    fields: dict[str, list[str]] = {}
    for name, value in hidden:
        fields.setdefault(name, []).append(value)
    return client.post(where, fields | more)


def text(answer) -> str:
    return answer.content.decode()


def test_the_lists_offer_them(desk):
    wrote(stuck(1)[0])
    for where in (PEOPLE, TICKETS):
        html = text(desk.get(where))
        assert "Recover selected people" in html and "Put aside" in html and "across all pages" not in html


def test_they_are_named_before_anything_is_done(desk):
    people, well = stuck(3), Person.create(name="Wanda Well", status=Status.ACTIVE, asked_at=None)
    html = text(choose(desk, PEOPLE, "recover_selected", [*people, well]))
    assert all(f"<li>{person.name}, {person.email}</li>" in html for person in people)
    left_out = html.split("Left out")[1]
    assert "Wanda Well" in left_out and "Nothing is wrong on our side" in left_out
    assert not Recovery.objects.exists() and not Event.objects.filter(kind="recovered").exists()


def waves(outcome) -> list[int]:
    """How many are asked at each look, each of whom turns out so."""
    asked = []
    for _ in range(20):
        bulk_recovery.advance()
        turns = Turn.objects.filter(outcome="asked")
        if turns:
            asked.append(len(turns))
        for turn in turns:
            outcome(turn.account)
    return asked


def heal(account):
    Step.objects.filter(account=account).update(state=State.DONE)
    Account.objects.filter(pk=account.pk).update(status=Status.ACTIVE)


def fail(account):
    step = Step.objects.get(account=account, kind="workspace")
    Attempt.objects.create(step=step, epoch=9, outcome=Outcome.FAILED, error="503", seconds=1, ended_at=Now())


@pytest.mark.parametrize("where", [PEOPLE, TICKETS])
def test_one_then_five_then_the_rest(desk, where):
    people = stuck(30)
    rows = people if where == PEOPLE else [wrote(person) for person in people]
    answer = confirm(desk, where, text(choose(desk, where, "recover_selected", rows)), reason="The crm works again")
    assert answer.status_code == 302
    assert Recovery.objects.get().incident is None and "Recovering the people you selected" in page(desk)
    assert waves(heal)[:3] == [1, 5, 20]
    assert "The recovery is finished: 30 recovered" in page(desk)
    assert Event.objects.filter(kind="recovered", detail="The crm works again").count() == 30


def test_it_stops_itself(desk):
    html = text(choose(desk, PEOPLE, "recover_selected", stuck(10)))
    confirm(desk, PEOPLE, html, reason="try")
    assert sum(waves(fail)) == 2
    assert "The recovery stopped by itself" in page(desk)
    assert Turn.objects.filter(outcome="").count() == 8


def test_it_can_be_stopped(desk):
    confirm(desk, PEOPLE, text(choose(desk, PEOPLE, "recover_selected", stuck(10))), reason="try")
    bulk_recovery.advance()
    html = page(desk)
    seen = re.search(r'acts/stop_selected/".*?name="seen" value="([^"]+)"', html, re.S)
    assert seen
    desk.post("/admin/acts/stop_selected/", {"seen": seen[1], "reason": "look first"})
    assert "stopped by Jordan" in Recovery.objects.get().ended_because
    bulk_recovery.advance()
    assert Turn.objects.exclude(outcome="").count() == 1


def test_a_second_click_begins_no_second_recovery(desk):
    html = text(choose(desk, PEOPLE, "recover_selected", stuck(2)))
    for _ in range(2):
        confirm(desk, PEOPLE, html, reason="try")
    assert Recovery.objects.count() == 1


def test_who_healed_meanwhile_is_left_out_and_who_was_not_named_is_not_added(desk):
    people = stuck(3)
    html = text(choose(desk, PEOPLE, "recover_selected", people[:2]))
    heal(people[0])
    crafted = html.replace(
        'name="_selected_action"',
        f'name="_selected_action" value="{people[2].pk}">\n<input type="hidden" name="_selected_action"',
        1,
    )
    answer = confirm(desk, PEOPLE, crafted, reason="try")
    assert [turn.account for turn in Turn.objects.all()] == [people[1]]
    assert "Left out, for whom it changed meanwhile: 1." in text(desk.get(answer.url))


def test_a_reason_is_wanted(desk):
    html = text(choose(desk, PEOPLE, "recover_selected", stuck(1)))
    assert "Enter a reason." in text(confirm(desk, PEOPLE, html, reason=" "))
    assert not Recovery.objects.exists()


def test_nobody_of_the_house_is_among_them(desk):
    root = Supporter.create(name="Root", status=Status.FAILED)
    given_up(root)
    html = text(choose(desk, PEOPLE, "recover_selected", [root]))
    assert "There is nobody among them" in html and "confirmed" not in html


@pytest.mark.parametrize("where", [PEOPLE, TICKETS])
def test_tickets_are_put_aside(desk, jordan, where):
    tickets = [wrote(person) for person in stuck(3)]
    rows = [ticket.account for ticket in tickets] if where == PEOPLE else tickets
    html = text(choose(desk, where, "put_aside_selected", rows[:2]))
    assert "Stuck 00" in html and "Stuck 02" not in html.split('id="content-main"')[1]
    confirm(desk, where, html, **ASIDE)
    aside = Ticket.objects.filter(asleep_since__isnull=False).order_by("pk")
    assert list(aside) == sorted(tickets[:2], key=lambda ticket: ticket.pk)
    assert Event.objects.filter(kind="put_aside", actor=jordan, detail="Waiting for their bank").count() == 2


def without(jordan, codename) -> Client:
    group = jordan.groups.get()
    group.permissions.remove(Permission.objects.get(codename=codename, content_type__app_label="support"))
    client = Client()
    client.force_login(jordan)
    return client


@pytest.mark.parametrize(
    ("action", "codename", "words"),
    [("recover_selected", "recover", {"reason": "x"}), ("put_aside_selected", "put_aside", ASIDE)],
)
@pytest.mark.parametrize("where", [PEOPLE, TICKETS])
def test_the_permission_is_asked_where_it_is_done(desk, jordan, where, action, codename, words):
    """Taken away between the two pages."""
    tickets = [wrote(person) for person in stuck(2)]
    rows = [ticket.account for ticket in tickets] if where == PEOPLE else tickets
    html = text(choose(desk, where, action, rows))
    client = without(jordan, codename)
    assert action not in text(client.get(where))
    refused = confirm(client, where, html, **words)
    assert refused.status_code == 403 and "Nothing was done" in text(refused)
    assert choose(client, where, action, rows).status_code == 403
    assert not Recovery.objects.exists() and not Ticket.objects.filter(asleep_since__isnull=False).exists()


def test_a_crafted_confirmation_is_refused(desk):
    people = stuck(1)
    crafted = {
        "action": "recover_selected",
        "_selected_action": [str(people[0].pk)],
        "confirmed": "yes",
        "reason": "x",
    }
    assert desk.post(PEOPLE, crafted | {"seen": "nonsense"}).status_code == 400
    assert not Recovery.objects.exists()


def test_so_many_at_once_and_no_more(desk):
    people = stuck(MOST + 1)
    html = text(choose(desk, PEOPLE, "recover_selected", people))
    assert f"More than {MOST} are selected" in html and html.count("<li>Stuck") == MOST


def test_the_desk_locked_itself_over_the_confirmation(desk, jordan):
    people = stuck(1)
    html = text(choose(desk, PEOPLE, "recover_selected", people))
    session = desk.session
    session["desk_seen"] = time.time() - 10 * 86400
    session.save()
    assert confirm(desk, PEOPLE, html, reason="Their crm was mended at noon").url.startswith("/admin/login/")
    desk.force_login(jordan)
    again = text(desk.get(PEOPLE))
    assert "Their crm was mended at noon" in again and "recover_selected</blockquote>" not in again
    assert not Recovery.objects.exists()
