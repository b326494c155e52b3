"""How often doors may be tried, and that nobody can lock an owner out."""

import time
from contextlib import ExitStack
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connections
from django.db.models.functions import Now
from django.test import Client, RequestFactory

from accounts import hashers, throttle
from accounts.models import Account, Event, Tries
from accounts.status import Status
from tests.door.visit import WHO
from tests.people import PASSWORD, Person, Supporter

pytestmark = pytest.mark.django_db
HOME, AWAY = "203.0.113.7", "198.51.100.9"


def log_in(email, password="a wrong password", ip=AWAY, path="/login/"):
    return Client(REMOTE_ADDR=ip).post(path, {"email": email, "username": email, "password": password})


def signs_up(email, password="a wrong and long one", ip=AWAY):
    return Client(REMOTE_ADDR=ip).post("/signup/", WHO | {"email": email, "password": password})


@pytest.fixture
def dana():
    return Person.create(status=Status.ACTIVE, asked_at=None)


def test_after_ten_guesses_a_sentence_and_a_time(dana):
    answers = [log_in(dana.email) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    page = answers[-1].content.decode()
    assert "You can try again at" in page and "<time" in page
    assert 0 < int(answers[-1]["Retry-After"]) <= 900
    assert Event.objects.get(kind="held_back.login").shown == "throttle.wait"


def test_the_right_password_does_not_help_there_but_does_from_her_own_network(dana):
    for _ in range(12):
        log_in(dana.email)
    assert log_in(dana.email, PASSWORD).status_code == 429
    assert log_in(dana.email, PASSWORD, ip=HOME).status_code == 302


def test_many_networks_lock_nobody_out_of_her_own(dana, settings):
    """Guesses from everywhere hold everywhere back but where the right password came from before."""
    assert log_in(dana.email, PASSWORD, ip=HOME).status_code == 302
    for n in range(100):
        throttle_only(dana.email, f"198.51.{n}.1")
    assert log_in(dana.email, PASSWORD, ip="192.0.2.1").status_code == 429
    assert log_in(dana.email, PASSWORD, ip=HOME).status_code == 302


def throttle_only(email, ip):
    throttle.spend(RequestFactory(REMOTE_ADDR=ip).post("/login/"), "login", email)


def test_signing_up_again_is_a_guess_too(dana):
    for _ in range(11):
        assert signs_up(dana.email).status_code == 302
    assert log_in(dana.email).status_code == 429
    assert [signs_up(dana.email).status_code for _ in range(20)][-1] == 429


def test_a_double_click_is_not(dana):
    for _ in range(25):
        assert signs_up("bo@lund.example", PASSWORD).status_code == 302
    assert log_in("bo@lund.example", PASSWORD).status_code == 302


def test_the_right_password_wipes_the_slate(dana):
    for _ in range(3):
        for _ in range(4):
            log_in(dana.email)
        assert log_in(dana.email, PASSWORD).status_code == 302


def test_the_desks_login_has_the_same_limits():
    jordan = Supporter.create()
    answers = [log_in(jordan.email, path="/admin/login/").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    assert log_in(jordan.email).status_code == 429, "it is one count"


def test_spraying_is_held_back_by_network():
    request = RequestFactory(REMOTE_ADDR=AWAY).post("/login/")
    for n in range(100):
        throttle.spend(request, "login", f"{n}@acme.example")
    assert log_in("fresh@acme.example").status_code == 429
    assert log_in("fresh@acme.example", ip=HOME).status_code == 200


def test_letters_cannot_be_asked_for_without_end():
    answers = [Client(REMOTE_ADDR=AWAY).post("/password/reset/", {"email": "a@b.example"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [302] * 10 + [429]


def test_a_window_ends(dana):
    for _ in range(11):
        log_in(dana.email)
    Tries.objects.update(ends_at=Now())
    assert log_in(dana.email).status_code == 200
    Tries.objects.update(ends_at=Now())
    throttle.forget_old()


def test_off_for_load_tests(dana, settings):
    settings.THROTTLES = False
    assert {log_in(dana.email).status_code for _ in range(12)} == {200}
    assert not Tries.objects.exists()


def test_no_address_is_kept_in_the_counts(dana):
    log_in(dana.email)
    assert dana.email not in str(list(Tries.objects.values()))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "network"),
    [
        (0, "", "203.0.113.7", "203.0.113.7/32"),
        (0, "1.2.3.4", "203.0.113.7", "203.0.113.7/32"),
        (1, "6.6.6.6, 203.0.113.9", "10.0.0.1", "203.0.113.9/32"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "10.0.0.1", "203.0.113.9/32"),
        (2, "203.0.113.9", "10.0.0.1", "10.0.0.1/32"),
        (1, "nonsense", "10.0.0.1", "10.0.0.1/32"),
        (1, "unknown", "10.0.0.1", "10.0.0.1/32"),
        (1, "_hidden", "10.0.0.1", "10.0.0.1/32"),
        (1, "6.6.6.6, unknown", "10.0.0.1", "10.0.0.1/32"),
        (1, "203.0.113.9:4711", "10.0.0.1", "203.0.113.9/32"),
        (1, "6.6.6.6:1, 203.0.113.9:4711", "10.0.0.1", "203.0.113.9/32"),
        (1, '"203.0.113.9:4711"', "10.0.0.1", "203.0.113.9/32"),
        (1, " 203.0.113.9 ", "10.0.0.1", "203.0.113.9/32"),
        (1, "2001:db8:1:2:3::9", "10.0.0.1", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2:3::9]", "10.0.0.1", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2:3::9]:4711", "10.0.0.1", "2001:db8:1:2::/64"),
        (1, '"[2001:db8:1:2:3::9]:4711"', "10.0.0.1", "2001:db8:1:2::/64"),
        (1, "fe80::9%eth0", "10.0.0.1", "fe80::/64"),
        (1, "[fe80::9%25eth0]:4711", "10.0.0.1", "fe80::/64"),
        (1, "[::ffff:203.0.113.9]:4711", "10.0.0.1", "203.0.113.9/32"),
        (2, "6.6.6.6, 203.0.113.9:4711, [2001:db8::1]:443", "10.0.0.1", "203.0.113.9/32"),
        (1, ", 203.0.113.9, ,", "10.0.0.1", "203.0.113.9/32"),
        (2, "203.0.113.9,, 10.0.0.2", "10.0.0.1", "203.0.113.9/32"),
        (1, ",", "10.0.0.1", "10.0.0.1/32"),
        (1, "999.1.2.3", "10.0.0.1", "10.0.0.1/32"),
        (1, "[", "10.0.0.1", "10.0.0.1/32"),
        (1, "203.0.113.9:port", "10.0.0.1", "10.0.0.1/32"),
        (0, "", "fe80::7%eth0", "fe80::/64"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "", "::ffff:203.0.113.7", "203.0.113.7/32"),
        (0, "", "", "unknown"),
    ],
)
def test_where_they_come_from(settings, proxies, forwarded, remote, network):
    settings.PROXIES = proxies
    request = RequestFactory(REMOTE_ADDR=remote).get("/", headers={"X-Forwarded-For": forwarded})
    assert throttle.network_of(request) == network


# Hashes, bounded.


def test_no_more_hashes_at_once_than_cores():
    under_way, most = [], []

    def one():
        with hashers.a_turn():
            under_way.append(1)
            most.append(len(under_way))
            time.sleep(0.01)
            under_way.pop()

    threads = [Thread(target=one) for _ in range(hashers.PLACES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == hashers.PLACES and max(most) <= settings.HASHES_AT_ONCE


@pytest.fixture(params=["queue is full", "no memory is left"])
def crowded(request, monkeypatch):
    if request.param == "queue is full":
        monkeypatch.setattr(hashers, "_places", hashers.Semaphore(0))
    else:
        monkeypatch.setattr(hashers, "core", lambda *_: hashers.lib.ARGON2_MEMORY_ALLOCATION_ERROR)


def test_beyond_the_queue_an_honest_answer(crowded):
    form = signs_up("bo@lund.example", PASSWORD)
    page = form.content.decode()
    assert (form.status_code, form["Retry-After"]) == (503, "30")
    assert "nothing was saved" in page and 'value="bo@lund.example"' in page and PASSWORD not in page
    assert not Account.objects.exists()
    answer = log_in("bo@lund.example")
    assert answer.status_code == 503 and answer["Retry-After"]


@pytest.mark.parametrize("door", [log_in, lambda email: signs_up(email, PASSWORD)], ids=["login", "sign-up"])
def test_a_full_queue_tells_nothing_about_an_address(crowded, dana, door):
    known, free = door(dana.email), door("bo@lund.example")
    assert (known.status_code, known["Retry-After"]) == (free.status_code, free["Retry-After"])
    assert known.status_code == 503


def test_half_of_the_threads_make_pages_whatever_is_hashed(settings):
    assert hashers.PLACES == settings.WEB_THREADS // 2
    with ExitStack() as everybody:
        for _ in range(hashers.PLACES):
            assert hashers._places.acquire(blocking=False)
            everybody.callback(hashers._places.release)
        with pytest.raises(hashers.Busy), hashers.a_turn():
            pass


@pytest.mark.django_db(transaction=True)
def test_twenty_presses_of_one_button_make_one_account():
    browser = Client()
    browser.get("/signup/")
    answers, together = [], Barrier(20)

    def press():
        mine = Client()
        mine.cookies = browser.cookies
        together.wait()
        answers.append(mine.post("/signup/", WHO | {"email": "dana@acme.example"}).status_code)
        connections.close_all()

    threads = [Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 20
    assert Account.objects.count() == 1
    assert log_in("dana@acme.example", PASSWORD).status_code == 302
