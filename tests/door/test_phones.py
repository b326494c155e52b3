"""Nobody is turned away for their phone number: it is kept as they are called by it, and readable."""

import pytest
from django.test import Client

from accounts.models import Account
from tests.door.visit import WHO
from tests.people import Supporter

pytestmark = pytest.mark.django_db
PHONES = [
    ("+49 30 901820", "+49 30 901820"),
    ("+49 \u2013 30 \u2013 901820", "+49 \u2013 30 \u2013 901820"),
    ("030\u2010901820\u2011\u201212\u2014\u22123", "030\u2010901820\u2010\u201212\u2014\u22123"),
    ("\u202a+49 30 901820\u202c", "+49 30 901820"),
    ("\u200e+49\u00a030\u202f901820\u200f", "+49 30 901820"),
    ("\u2066+972 3-555-0123\u2069", "+972 3-555-0123"),
    ("\uff0b\uff14\uff19\u3000\uff13\uff10\uff08\uff19\uff10\uff11\uff18\uff12\uff10\uff09", "+49 30(901820)"),
    ("\u0660\u0663\u0660 \u0669\u0660\u0661\u0668\u0662\u0660", "030 901820"),
    ("\u06f0\u06f2\u06f1 \u06f8\u06f8\u06f7\u06f7", "021 8877"),
    ("\u0966\u0967\u0968 \u0969\u096a\u096b", "012 345"),
    ("+44 (0)20 7946 0000 ext. 12", "+44 (0)20 7946 0000 ext. 12"),
    ("+1-212-555-0123 x12", "+1-212-555-0123 x12"),
    ("+1 212 555 0123;ext=12", "+1 212 555 0123;ext=12"),
    ("+12125550123,,123#", "+12125550123,,123#"),
    ("+12125550123p123w456", "+12125550123p123w456"),
    ("*31#030901820", "*31#030901820"),
    ("tel:+49-30-901820;ext=12", "+49-30-901820;ext=12"),
    ("TEL:+49%2030%20901820", "+49 30 901820"),
    ("030/901820", "030/901820"),
    ("030.90.18.20", "030.90.18.20"),
    ("030 901820 / 0170 1234567", "030 901820 / 0170 1234567"),
    ("030 901820 or 0170 1234567 (after 6 p.m.)", "030 901820 or 0170 1234567 (after 6 p.m.)"),
    ("1-800-FLOWERS", "1-800-FLOWERS"),
    ("\u260e +49 30 901820", "\u260e +49 30 901820"),
    ("\U0001f4de\ufe0f 030 901820", "\U0001f4de 030 901820"),
    ("Zentrale 110, nach Frau Müller fragen", "Zentrale 110, nach Frau Müller fragen"),
    ("ask for me at the gate", "ask for me at the gate"),
    ("112", "112"),
    ("none", "none"),
    ("030\t901820\r\n", "030 901820"),
    ("030\n901820\u20280170\x0712", "030 901820 0170 12"),
    ("00 49 30 " + "1" * 190, "00 49 30 " + "1" * 190),
]


@pytest.mark.parametrize(("given", "kept"), PHONES, ids=ascii)
def test_kept_readable(given, kept):
    assert Client().post("/signup/", WHO | {"email": "dana@acme.example", "phone": given}).status_code == 302
    account = Account.objects.get()
    assert account.phone == kept
    desk = Client()
    desk.force_login(Supporter.create())
    assert kept in desk.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "Enter a phone number."),
        ("\u200e\u2060\t\r\n", "Enter a phone number."),
        ("1" * 201, "Please shorten this to 200 characters (it has 201)."),
        ("\ufdfa" * 100, "Please shorten this to 200 characters"),
        ("\u0301\u0316" * 200_000, "Please shorten this to 200 characters"),
    ],
    ids=lambda given: ascii(given)[:40],
)
def test_what_cannot_be_kept_is_said(given, words):
    page = Client().post("/signup/", WHO | {"email": "dana@acme.example", "phone": given})
    assert words in page.content.decode() and not Account.objects.exists()
