"""Bodies that are no form, or hardly one: refused with a page, never a fault, and nothing is saved."""

import pytest
from django.test import Client

from accounts.models import Account
from support.models import Message
from tests.hostile.reading import foreign_parts

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
GOOD = b"name=Dana&email=dana%40acme.example&phone=%2B49+30+901820&company=Acme&password=correct+horse+battery+staple"
BODIES = {
    "empty": (FORM, b""),
    "no form": ("application/json", b'{"email": "dana@acme.example"}'),
    "broken json": ("application/json", b"{" * 10_000),
    "xml": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "text": ("text/plain", GOOD),
    "no type": ("", GOOD),
    "odd type": ("a/b/c;;;=", GOOD),
    "type that is not ASCII": ("applicatiön/x", GOOD),
    "another charset": (FORM + "; charset=utf-16", GOOD),
    "unknown charset": (FORM + "; charset=nonesuch", GOOD[:-30]),
    "charset that is no text": (FORM + "; charset=base64", GOOD),
    "invalid utf-8": (FORM, b"name=%ff%fe&email=%c3%28&password=%a0%a1"),
    "raw invalid utf-8": (FORM, b"name=\xff\xfe&email=\xc3\x28&password=\xa0\xa1"),
    "lone surrogates": (FORM, b"name=%ed%a0%80&email=a%ed%b0%80@b.example&company=%ed%a0%80%ed%b0%80&password=xxxxxxxx"),
    "NUL": (FORM, GOOD.replace(b"Dana", b"Da%00na")),
    "raw NUL": (FORM, GOOD.replace(b"Dana", b"Da\x00na")),
    "no equals": (FORM, b"&&&==&=&name&email"),
    "broken percent": (FORM, b"name=%&email=%4&password=%zz"),
    "too many fields": (FORM, b"&".join(b"f%d=1" % n for n in range(5_000))),
    "one field, often": (FORM, b"name=a&" * 900 + GOOD.replace(b"email=", b"other=")),
    "too large": (FORM, b"name=" + b"x" * 3_000_000),
    "boundary without end": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nd'),
    "no boundary": ("multipart/form-data", b"--x--"),
    "boundary too long": ("multipart/form-data; boundary=" + "x" * 300, b"--x--"),
    "boundary that is not ASCII": ("multipart/form-data; boundary=ö", b"--x--"),
    "multipart charset that is no text": (MULTIPART + "; charset=hex", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nDana\r\n--x--'),
    "broken base64": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="name"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=\r\n--x--'),
    "a file for a name": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="name"; filename="../../x\x00"\r\n\r\nDana\r\n--x--'),
    "no name": (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\nDana\r\n--x--"),
    "header without end": (MULTIPART, b"--x\r\n" + b"X: y\r\n" * 50_000),
}  # fmt: skip
REFUSED = {200, 400, 403, 413}
PATHS = [
    *("/signup/", "/login/", "/contact/", "/logout/", "/confirm/x/", "/arriving/"),
    *("/password/reset/", "/password/choose/x/", "/resend/", "/after/x/"),
]


NOT_FOUND, LED_ON = {404}, {302}
ALSO = {
    "/logout/": LED_ON,
    "/password/reset/": LED_ON,
    "/resend/": LED_ON,
    "/arriving/": {405},
    "/confirm/x/": NOT_FOUND,
    "/password/choose/x/": NOT_FOUND,
    "/after/x/": NOT_FOUND,
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", BODIES)
def test_body(name, path, settings):
    settings.THROTTLES = False
    content_type, body = BODIES[name]
    answer = Client().generic("POST", path, body, content_type=content_type)
    allowed = REFUSED | ALSO.get(path, set())
    assert answer.status_code in allowed, answer.status_code
    assert foreign_parts(answer.content.decode()) == []
    if answer.status_code != 302:
        assert "<h1>" in answer.content.decode()
    assert Account.objects.count() == Message.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "OPTIONS", "X" * 50])
@pytest.mark.parametrize(
    "path", ["/", "/signup/", "/login/", "/logout/", "/contact/", "/arriving/", "/confirm/x/", "/home/"]
)
def test_method(method, path):
    answer = Client().generic(method, path)
    assert answer.status_code in (302, 405)
    if answer.status_code == 405:
        assert "<h1>You can't do that here</h1>" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "charset", ["base64", "hex", "rot13", "idna", "punycode", "undefined", "utf-7", "nonesuch", "\x00"]
)
def test_looking_with_an_odd_charset(charset):
    answer = Client().generic("GET", "/login/?email=%ff%41", content_type=f"text/plain; charset={charset}")
    assert answer.status_code in (200, 400)
