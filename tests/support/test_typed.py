"""Typed words are never lost: the desk locked itself, a log-in in another tab, a page too old, a reply too late."""

import re
import time
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessRequest
from accounts.status import Status
from provisioning.models import Dependency, Outage
from support.actions import kept_input, page_state
from support.actions.page_state import seal, state_of
from support.actions.views import open_ticket_of
from support.models import Letter, Message, Question, TrustRepair, the_desk
from support.tickets import queue
from tests.people import PASSWORD, Person, Supporter
from tests.support.test_today import given_up, wrote

pytestmark = pytest.mark.django_db
TYPED = "Dear Dana, this took me <b>half an hour</b> & more"
SHOWN = "Dear Dana, this took me &lt;b&gt;half an hour&lt;/b&gt; &amp; more"


@pytest.fixture
def dana():
    """Two wait; she is the second, so that another person would be shown."""
    first = Person.create(name="First Fred", status=Status.FAILED, asked_at=None)
    wrote(first)
    person = Person.create(name="Dana Sommer", status=Status.FAILED, asked_at=None)
    given_up(person)
    wrote(person)
    return person


@pytest.fixture
def root(db):
    return Supporter.create(name="Jordan")


@pytest.fixture
def browser(root):
    client = Client(enforce_csrf_checks=True)
    log_in(client, root)
    return client


def log_in(client, user, next_page="/admin/"):
    client.get("/admin/login/")
    words = {"username": user.email, "password": PASSWORD, "next": next_page}
    return client.post("/admin/login/", words | token_of(client), follow=True)


def token_of(client) -> dict:
    return {"csrfmiddlewaretoken": client.cookies["csrf"].value}


def left_alone(client):
    session = client.session
    session["desk_seen"] = time.time() - 10 * 86400
    session.save()


# Every text form of the desk: its address, what is typed into it, and the page on which it stands.
def reply(root, dana):
    ticket = open_ticket_of(dana)
    assert ticket
    form = {"body": TYPED, "seen": seal(state_of(dana, ticket), root), "back": "today"}
    return reverse("admin:press", args=["reply"]), form, f"/admin/?ticket={ticket.pk}"


def reason(root, dana):
    form = {"reason": TYPED, "seen": seal(state_of(dana, open_ticket_of(dana)), root), "back": "person"}
    return reverse("admin:press", args=["recover"]), form, reverse("admin:accounts_account_change", args=[dana.pk])


def word(root, dana):
    now = timezone.now()
    repair = TrustRepair.objects.create(
        account=dana, incident="alone", level="personal", state="owed", harms={}, ready_at=now, opened_at=now
    )
    return reverse("admin:send_word", args=[repair.pk]), {"words": TYPED, "restitution": ""}, "/admin/words/"


def answer(root, dana):
    now, service = timezone.now(), Dependency.objects.create(name="workspace")
    outage = Outage.objects.create(dependency=service, failure="5xx", error="x", began_at=now)
    question = Question.objects.create(outage=outage, key="needed", asked_at=now)
    form = {f"{question.pk}-words": TYPED, f"{question.pk}-who": "Jo"}
    return reverse("admin:why_answer", args=[question.pk]), form, reverse("admin:why_outage", args=[outage.pk])


def hours(root, dana):
    desk, page = the_desk(), reverse("admin:support_desk_change", args=[1])
    return page, {"name": desk.name, "offer": TYPED, "monday": "8-9"}, page


FORMS = [reply, reason, word, answer, hours]


def in_a_field(html: str) -> bool:
    return bool(re.search(rf"<textarea[^>]*>\s*{re.escape(SHOWN)}|value=\"{re.escape(SHOWN)}\"", html))


def nothing_was_sent(dana) -> bool:
    dana.refresh_from_db()
    return not Letter.objects.exists() and dana.asked_at is None and not TrustRepair.objects.filter(state="sent")


@pytest.mark.parametrize("form", FORMS)
def test_the_desk_locked_itself_while_she_wrote(browser, root, dana, form):
    where, words, page = form(root, dana)
    left_alone(browser)
    locked = browser.post(where, words | token_of(browser))
    assert locked.status_code == 302 and locked.url.startswith("/admin/login/")
    html = log_in(browser, root, page).content.decode()
    assert in_a_field(html) and nothing_was_sent(dana)
    assert in_a_field(browser.get(page).content.decode()), "also when the page is loaded again"


@pytest.mark.parametrize("form", FORMS)
def test_she_logged_in_in_another_tab(browser, root, dana, form):
    """The token of the page that was open before does not fit any more."""
    where, words, page = form(root, dana)
    old = token_of(browser)
    log_in(browser, root)
    refused = browser.post(where, words | {"csrfmiddlewaretoken": "x" * 32})
    assert old and refused.status_code == 403 and SHOWN in refused.content.decode().replace("<br>", "")
    assert page.replace("&", "&amp;") in refused.content.decode()
    assert in_a_field(browser.get(page).content.decode()) and nothing_was_sent(dana)


@pytest.mark.parametrize("form", FORMS)
def test_she_logged_out_in_another_tab(browser, root, dana, form):
    where, words, page = form(root, dana)
    browser.post("/admin/logout/", token_of(browser))
    browser.get("/admin/login/")
    away = browser.post(where, words | token_of(browser))
    assert away.status_code == 302 and away.url.startswith("/admin/login/?next=")
    assert in_a_field(log_in(browser, root, page).content.decode()) and nothing_was_sent(dana)


@pytest.mark.parametrize("form", [reply, reason])
def test_the_page_was_too_old(browser, root, dana, form, monkeypatch):
    where, words, page = form(root, dana)
    monkeypatch.setattr(page_state, "VALID_SECONDS", -1)
    late = browser.post(where, words | token_of(browser), follow=True)
    html = late.content.decode()
    assert "too old" in html and in_a_field(html) and nothing_was_sent(dana)
    assert late.redirect_chain == [(page, 302)]


def test_a_reply_that_came_too_late_stays_with_the_same_person(browser, root, dana):
    where, words, page = reply(root, dana)
    wrote(dana, body="Never mind, it works!")
    late = browser.post(where, words | token_of(browser), follow=True)
    html = late.content.decode()
    assert "they wrote again" in html and in_a_field(html)
    assert (
        late.redirect_chain == [(page, 302)] and "Dana Sommer" in html.split('class="card next"')[1].split("</h3>")[0]
    )


def test_a_reply_without_words_in_it_stays_with_the_same_person(browser, root, dana):
    where, words, page = reply(root, dana)
    assert browser.post(where, words | {"body": " "} | token_of(browser)).url == page


def test_words_for_somebody_who_is_answered_already_are_shown_all_the_same(browser, root, dana):
    """The form is gone, the words are not."""
    where, words, _page = word(root, dana)
    TrustRepair.objects.update(state="sent")
    html = browser.post(where, words | token_of(browser), follow=True).content.decode()
    assert "A note has already been sent" in html and SHOWN in html


def test_what_was_taken_is_not_put_back(browser, root, dana):
    where, words, page = reply(root, dana)
    left_alone(browser)
    browser.post(where, words | token_of(browser))
    log_in(browser, root)
    fresh = {"seen": seal(state_of(dana, open_ticket_of(dana)), root)}
    browser.post(where, words | fresh | token_of(browser))
    assert Letter.objects.get().body == TYPED
    assert not in_a_field(browser.get(page).content.decode()) and kept_input.KEY not in browser.session


def test_somebody_else_at_the_same_browser_sees_nothing_of_it(browser, root, dana):
    where, words, page = reply(root, dana)
    left_alone(browser)
    browser.post(where, words | token_of(browser))
    assert "half an hour" not in log_in(browser, Supporter.create(), page).content.decode()


def test_they_stand_in_no_other_form(browser, root, dana):
    where, words, _page = reply(root, dana)
    left_alone(browser)
    browser.post(where, words | token_of(browser))
    log_in(browser, root)
    assert "half an hour" not in browser.get("/admin/").content.decode(), "First Fred is opened there"


def test_what_is_kept_is_bounded_and_holds_no_password(browser, root, dana):
    where, words, _page = reply(root, dana)
    many = {f"f{n}": "x" * 30_000 for n in range(30)} | {"password": "secret", "old_password": "secret", "code": "1"}
    left_alone(browser)
    browser.post(where, words | many | token_of(browser))
    kept = browser.session[kept_input.KEY]["fields"]
    assert (
        sum(map(len, kept.values())) <= kept_input.MOST_IN_ALL
        and "secret" not in kept.values()
        and "code" not in kept
    )
    assert kept["body"] == TYPED


def test_a_recovery_code_is_not_kept(browser, root):
    browser.post("/admin/second-step/", {"recovery_code": "one-of-ten-codes", "csrfmiddlewaretoken": "x" * 32})
    assert "one-of-ten-codes" not in str(dict(browser.session))


def test_what_another_site_sends_is_no_word_of_hers(browser, root, dana):
    where, words, page = reply(root, dana)
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        refused = browser.post(where, words, headers=headers)
        assert refused.status_code == 403 and "half an hour" not in refused.content.decode()
    assert "half an hour" not in browser.get(page).content.decode()


def test_people_who_are_no_staff_leave_nothing_in_the_desk(dana):
    client = Client()
    client.force_login(dana)
    client.post("/admin/acts/reply/", {"body": TYPED})
    assert kept_input.KEY not in client.session


def test_strangers_fill_no_table(settings):
    settings.THROTTLES = True
    for _ in range(150):
        answered = Client().post("/admin/acts/reply/", {"body": TYPED})
        assert answered.status_code == 302
    assert Session.objects.count() <= 100


def test_after_the_second_step_too(browser, root, dana, settings):
    settings.DESK_REQUIRES_TOTP = True
    where, words, page = reply(root, dana)
    assert browser.post(where, words | token_of(browser)).url == "/admin/second-step/"
    assert browser.session[kept_input.KEY]["page"] == page


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_contact_form_keeps_its_words(language):
    """Open in one tab, a log-in in another."""
    client = Client(enforce_csrf_checks=True, headers={"accept-language": language})
    client.get("/contact/")
    dana = Person.create(status=Status.ACTIVE, asked_at=None, language=language)
    client.force_login(dana)
    words = {"email": "dana@acme.example", "message": TYPED, "csrfmiddlewaretoken": "x" * 32}
    again = client.post("/contact/", words)
    html = again.content.decode()
    assert again.status_code == 403 and in_a_field(html) and 'value="dana@acme.example"' in html
    assert ("noch unten im Formular" if language == "de" else "still in the form") in html
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    assert token and not Message.objects.exists()
    client.post("/contact/", words | {"csrfmiddlewaretoken": token[1]})
    assert Message.objects.get().body == TYPED


def test_the_contact_form_keeps_its_words_when_too_many_write(settings):
    settings.THROTTLES = True
    client = Client()
    for _ in range(11):
        answer = client.post("/contact/", {"email": "dana@acme.example", "message": TYPED})
    assert answer.status_code == 429 and in_a_field(answer.content.decode()) and int(answer.headers["Retry-After"])


SIGN_UP = {
    "name": "Dana <b>Sommer</b>",
    "email": "dana@acme.example",
    "phone": "+49 30 901820",
    "company": "Acme & Sons",
    "password": PASSWORD,
}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_form_of_the_front_door_keeps_what_was_typed(language):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": language})
    again = client.post("/signup/", SIGN_UP | {"csrfmiddlewaretoken": "x" * 32})
    html = again.content.decode()
    assert again.status_code == 403 and 'action="/signup/"' in html and PASSWORD not in html
    assert "Dana &lt;b&gt;Sommer&lt;/b&gt;</p>" in html and "Acme &amp; Sons</p>" in html
    assert ("Noch einmal senden" if language == "de" else "Send it again") in html
    form = client.post("/signup/", {name: unescape(value) for name, value in HIDDEN.findall(html)})
    assert form.status_code == 200 and 'value="Acme &amp; Sons"' in form.content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.content.decode())
    assert token and client.post("/signup/", SIGN_UP | {"csrfmiddlewaretoken": token[1]}).status_code == 302


@pytest.mark.parametrize("path", ["/resend/", "/password/reset/"])
def test_a_form_without_a_password_is_taken_by_that_one_press(path):
    client = Client(enforce_csrf_checks=True)
    again = client.post(path, {"email": "dana@acme.example", "csrfmiddlewaretoken": "x" * 32})
    assert again.status_code == 403 and not AccessRequest.objects.exists()
    client.post(path, dict(HIDDEN.findall(again.content.decode())))
    assert AccessRequest.objects.get().email == "dana@acme.example"


def test_what_another_site_sent_is_not_offered_again():
    client = Client(enforce_csrf_checks=True, headers={"sec-fetch-site": "cross-site"})
    again = client.post("/resend/", {"email": "dana@acme.example", "csrfmiddlewaretoken": "x" * 32})
    assert again.status_code == 403 and "dana@acme.example" not in again.content.decode()


def test_two_tabs_were_refused_and_neither_lost_its_words(browser, root, dana):
    """Both were open when the desk locked itself."""
    where, words, page = reply(root, dana)
    other, hers, its_page = word(root, dana)
    left_alone(browser)
    browser.post(where, words | token_of(browser))
    browser.post(other, hers | {"words": "We lost your <i>morning</i>"} | token_of(browser))
    log_in(browser, root)
    assert in_a_field(browser.get(page).content.decode())
    html = browser.get(its_page).content.decode()
    assert "We lost your &lt;i&gt;morning&lt;/i&gt;</textarea>" in html
    assert "You have unsent words for Dana Sommer" in html and page.replace("&", "&amp;") in html


def test_locked_twice(browser, root, dana):
    """What waits is not lost when the desk locks itself again, over another page."""
    where, words, page = reply(root, dana)
    left_alone(browser)
    browser.post(where, words | token_of(browser))
    log_in(browser, root)
    left_alone(browser)
    browser.get("/admin/words/")
    assert in_a_field(log_in(browser, root, page).content.decode())


def test_the_ticket_was_closed_meanwhile(browser, root, dana):
    """The form is gone; her words and whom they were for are not, nor why."""
    where, words, _page = reply(root, dana)
    ticket = open_ticket_of(dana)
    assert ticket
    queue.close(ticket, "done", None)
    late = browser.post(where, words | token_of(browser), follow=True)
    html = late.content.decode()
    assert late.redirect_chain == [(reverse("admin:accounts_account_change", args=[dana.pk]), 302)]
    assert f"What you typed for Dana Sommer, {dana.email}, not sent" in html and SHOWN in html
    assert html.count("the ticket was closed") == 2, "once in the message, and kept beside the words"
    again = browser.get(late.redirect_chain[0][0]).content.decode()
    assert SHOWN in again and "the ticket was closed" in again


def test_the_account_was_deleted_meanwhile(browser, root, dana):
    where, words, _page = reason(root, dana)
    dana.delete()
    late = browser.post(where, words | token_of(browser), follow=True)
    assert late.status_code == 200 and SHOWN in late.content.decode()


def test_a_word_without_words_keeps_what_was_offered(browser, root, dana):
    where, _words, _page = word(root, dana)
    html = browser.post(where, {"words": " ", "restitution": TYPED} | token_of(browser), follow=True).content.decode()
    assert in_a_field(html) and nothing_was_sent(dana)


def test_a_reply_that_is_too_long_is_not_cut(browser, root, dana):
    where, words, _page = reply(root, dana)
    long = "word " * 5000 + "the end"
    html = browser.post(where, words | {"body": long} | token_of(browser), follow=True).content.decode()
    assert "at most 10000 characters" in html and "the end</textarea>" in html


def test_a_form_error_keeps_all_fields(browser, root, dana):
    sealed = {"seen": seal(state_of(dana, open_ticket_of(dana)), root), "back": "person"}
    where = reverse("admin:press", args=["let_in"])
    html = browser.post(
        where, {"reason": TYPED, "days": "99", **sealed} | token_of(browser), follow=True
    ).content.decode()
    assert in_a_field(html) and 'value="99"' in html and "30" in html
