"""What a mail service posts to us: mail taken apart (Postmark), its raw MIME in a form (SendGrid), or as it is."""

import base64
import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

SECRET = "arrivals:a secret for the tests"


def post(where: str, posted: bytes | str, content_type: str, secret: str = SECRET) -> Any:
    key = "Basic " + base64.b64encode(secret.encode()).decode()
    return Client().generic("POST", f"/mail/{where}", posted, content_type=content_type, HTTP_AUTHORIZATION=key)


def plainly(mail: bytes | str) -> HttpResponse:
    return post("plain/inbound/", mail.encode() if isinstance(mail, str) else mail, "message/rfc822")


def by_postmark_raw(mail: bytes) -> HttpResponse:
    body = {"FromFull": {"Email": "x@acme.example"}, "RawEmail": mail.decode("utf-8", "replace")}
    return post("postmark/inbound/", json.dumps(body), "application/json")


def by_sendgrid_raw(mail: bytes) -> HttpResponse:
    head = b'--form\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
    envelope = b'\r\n--form\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n'
    said = b'{"from": "dana@acme.example", "to": ["support@localhost"]}'
    return post(
        "sendgrid/inbound/", head + mail + envelope + said + b"\r\n--form--\r\n", "multipart/form-data; boundary=form"
    )


def by_sparkpost(mail: bytes) -> HttpResponse:
    content = {"email_rfc822": base64.b64encode(mail).decode(), "email_rfc822_is_base64": True}
    said = {"msys": {"relay_message": {"content": content, "protocol": "smtp", "msg_from": "x@b.c"}}}
    return post("sparkpost/inbound/", json.dumps([said]), "application/json")
