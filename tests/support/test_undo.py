"""For ten seconds after Send a reply can be taken back, without script, and its words are in the form again."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Event
from accounts.status import Status
from support.actions import actions, undo
from support.actions.page_state import seal, state_of
from support.actions.views import open_ticket_of
from support.models import Letter, Promise, Ticket
from support.tickets.outbox import OUTBOX
from tests.people import Person
from tests.support.test_today import given_up, page, wrote

pytestmark = pytest.mark.django_db
WORDS = "Hello Dana, I have looked into it & it works."


@pytest.fixture
def dana():
    person = Person.create(name="Dana Sommer", status=Status.FAILED, asked_at=None)
    given_up(person)
    now = timezone.now()
    Promise.objects.create(ticket=wrote(person), email=person.email, said_in="x", made_at=now, due=now)
    return person


def send(desk, jordan, person, **more):
    sealed = seal(state_of(person, open_ticket_of(person)), jordan)
    return desk.post("/admin/acts/reply/", {"body": WORDS, "draft": "", "seen": sealed, **more}, follow=True)


def press_undo(desk, html):
    form = re.search(r'action="(/admin/acts/undo_reply/)".*?name="seen" value="([^"]+)"', html, re.S)
    assert form, "no Undo on the page"
    return desk.post(form[1], {"seen": form[2], "back": "today"}, follow=True)


def ten_seconds_later():
    Letter.objects.update(due_at=Now() - timedelta(seconds=1))


@pytest.mark.parametrize("closes", [{}, {"then_close": "on"}])
def test_it_is_taken_back_and_the_words_are_in_the_form(desk, jordan, dana, closes):
    html = send(desk, jordan, dana, **closes).content.decode()
    assert re.search(r"<button[^>]* autofocus>Undo</button>", html), "one key, with no script"
    assert not open_ticket_of(dana) or Ticket.objects.get().asleep_since
    back = press_undo(desk, html)
    html = back.content.decode()
    assert not Letter.objects.exists() and "It was not sent." in html
    ticket = open_ticket_of(dana)
    assert ticket and not ticket.asleep_since and Promise.objects.get().kept_at is None
    assert back.redirect_chain == [(f"/admin/?ticket={ticket.pk}", 302)]
    assert re.search(r"<textarea[^>]*>\s*Hello Dana, I have looked into it &amp; it works\.</textarea>", html)
    assert ("checked" in html) is bool(closes)
    kinds = list(Event.objects.filter(account=dana, actor=jordan).order_by("pk").values_list("kind", flat=True))
    assert kinds[-1] == "took_back" and "undo_reply" not in html


def test_it_waits_and_then_it_goes(desk, jordan, dana):
    send(desk, jordan, dana)
    assert OUTBOX.claim("mail", 10, False) == []
    ten_seconds_later()
    assert [letter.body for letter in OUTBOX.claim("mail", 10, False)] == [WORDS]


def test_it_waits_ten_seconds(jordan, dana):
    ticket = open_ticket_of(dana)
    assert ticket
    actions.reply(ticket, jordan, WORDS, "", uuid4(), then_close=False)
    letter = Letter.objects.get()
    assert timedelta(seconds=9.5) < letter.due_at - letter.written_at < timedelta(seconds=10.5)


def test_what_went_out_is_not_taken_back(desk, jordan, dana):
    html = send(desk, jordan, dana).content.decode()
    ten_seconds_later()
    OUTBOX.claim("mail", 10, False)
    answer = press_undo(desk, html).content.decode()
    assert "it went out" in answer and Letter.objects.count() == 1


def test_what_is_due_is_not_taken_back_by_any_road(desk, jordan, dana):
    send(desk, jordan, dana)
    key = UUID(Letter.objects.get().occasion.split()[1])
    ten_seconds_later()
    with pytest.raises(actions.Refused, match="on its way already"):
        actions.undo_reply(key, jordan)
    assert Letter.objects.exists()


def test_a_second_press_takes_nothing_more_back(desk, jordan, dana):
    html = send(desk, jordan, dana).content.decode()
    press_undo(desk, html)
    answer = press_undo(desk, html).content.decode()
    assert "it does not exist any more" in answer


def test_nobody_else_takes_it_back(desk, jordan, dana, client):
    send(desk, jordan, dana)
    root = Person.create(is_staff=True, is_superuser=True, status=Status.ACTIVE)
    letter = Letter.objects.get()
    state = {"reply": letter.occasion.split()[1], "held": True, "account": str(dana.pk), "ticket": letter.ticket_id}
    client.force_login(root)
    assert client.post("/admin/acts/undo_reply/", {"seen": seal(state, root)}).status_code == 403
    assert Letter.objects.exists()


def test_they_wrote_within_the_ten_seconds(desk, jordan, dana):
    html = send(desk, jordan, dana, then_close="on").content.decode()
    again = wrote(dana, body="One thing more")
    now = timezone.now()
    Promise.objects.create(ticket=again, email=dana.email, said_in="x", made_at=now, due=now)
    press_undo(desk, html)
    assert not Letter.objects.exists() and open_ticket_of(dana) == again
    assert "I have looked into it" in page(desk, f"?ticket={again.pk}")


def test_the_offer_ends(desk, jordan, dana):
    send(desk, jordan, dana)
    session = desk.session
    session[undo.SENT] = {**session[undo.SENT], "until": timezone.now().timestamp() - 1}
    session.save()
    assert "undo_reply" not in page(desk)
