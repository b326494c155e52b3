"""Any string at any door: an answer, never a fault; lengths are those of what is kept, after every change to it."""

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from support.models import Message
from tests.people import Supporter

pytestmark = pytest.mark.django_db
GOOD = {
    "name": "Dana", "email": "dana@acme.example", "phone": "+49 30 901820", "company": "Acme",
    "password": "correct horse battery staple", "message": "I am stuck", "username": "dana@acme.example",
    "needed_by": "2999-01-01T10:00", "needed_because": "A demo",
}  # fmt: skip
# One is lowered to two, one is composed of three, one is eighteen, one leaves nothing.
GROWS = st.sampled_from(
    ["İ", "ß", "ŉ", "ﷺ", "ﬃ", "ü", "한", "e\u0301", "\u200b", "１", "。", "＠", "\x00", "\u0378", "😀"]
)
STRINGS = st.text(max_size=40) | st.builds(
    lambda each, times: each * times, GROWS, st.sampled_from([1, 63, 200, 1000])
)
ADDRESSES = STRINGS | st.builds("{}@acme.example".format, STRINGS) | st.builds("dana@{}.example".format, STRINGS)
DOORS = {
    "/signup/": ("name", "email", "phone", "company", "password"),
    "/login/": ("email", "password"),
    "/password/reset/": ("email",),
    "/resend/": ("email",),
    "/contact/": ("email", "message"),
    "/admin/login/": ("username", "password"),
    "/arriving/address/": ("email", "password"),
    "/arriving/needed/": ("needed_by", "needed_because"),
    "/arriving/delete/": ("password",),
}


@pytest.fixture(autouse=True)
def calm(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLES = False


@pytest.mark.parametrize("door", DOORS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_string(door, data):
    field = data.draw(st.sampled_from(DOORS[door]))
    typed = data.draw(ADDRESSES if field in ("email", "username") else STRINGS)
    browser = Client()
    if door.startswith("/arriving/"):
        browser.force_login(Supporter.create(is_staff=False, is_superuser=False, email="waits@acme.example"))
    try:
        assert browser.post(door, GOOD | {field: typed}).status_code in (200, 302)
    finally:
        Account.objects.all().delete()
        Message.objects.all().delete()
