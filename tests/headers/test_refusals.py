"""What is refused says so, whoever refused it, and a fault of ours never shows its insides."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.browser.urls")]

PAGES = {
    "/fails/400/": (400, "We couldn't read that"),
    "/fails/403/": (403, "You can't open this page"),
    "/no/such/page/": (404, "Page not found"),
    "/fails/413/": (413, "That's too large"),
    "/fails/429/": (429, "Please wait a moment"),
    "/fails/500/": (500, "Sorry, there's a problem on our side"),
    "/fails/503/": (503, "Sorry, we're too busy right now"),
    "/fails/database/": (503, "Sorry, that didn't work"),
}


@pytest.mark.parametrize("path", PAGES)
def test_page(path):
    answer = Client(raise_request_exception=False).get(path)
    status, heading = PAGES[path]
    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in answer.content.decode()
    assert "on purpose" not in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/logout/", "/signup/", "/arriving/"])
def test_another_method_is_told_so(path):
    answer = Client().generic("DELETE" if path != "/logout/" else "GET", path)
    assert (answer.status_code, "Allow" in answer) == (405, True)
    assert "<h1>You can't do that here</h1>" in answer.content.decode()


def test_without_its_cookie_a_form_is_refused_with_a_way_on():
    answer = Client(enforce_csrf_checks=True).post("/login/", {"email": "dana@acme.example", "password": "x"})
    assert answer.status_code == 403
    assert "press the button again" in answer.content.decode()


def test_another_host_is_refused_with_a_page():
    answer = Client(headers={"host": "evil.example"}).get("/login/")
    assert (answer.status_code, "We couldn't read that" in answer.content.decode()) == (400, True)
    assert "evil" not in answer.content.decode()


FORMS = ("signup", "login", "password/reset", "resend", "contact", "arriving/needed", "arriving/delete")


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_token_carries_nothing_out(form):
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login/")
    typed = {"csrfmiddlewaretoken": "wapiti", "email": "dana@acme.example", "password": "a few good words"}
    assert browser.post(f"/{form}/", typed).status_code == 403
