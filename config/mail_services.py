"""Mail services that are reached by their HTTP API (EMAIL_URL=postmark://token and the like), as anymail's settings.

Functions that read raise ImproperlyConfigured, like those of env.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import hosts

Refuse = Callable[[str, str], ImproperlyConfigured]


@dataclass(frozen=True)
class Service:
    """One mail service: how its URL is written, and anymail's names for what stands in it.

    `where` is what stands behind the @, `options` are those of the query; `signs` are the keys with which it signs
    what it posts about letters, and what it posts as mail.
    """

    like: str
    key: str
    secret: str = ""
    where: str = ""
    options: tuple[tuple[str, str], ...] = ()
    signs: tuple[str, str] = ("", "")
    module: str = ""
    needs: str = ""


SERVICES = {
    "postmark": Service("postmark://server-token", "SERVER_TOKEN", options=(("stream", "MESSAGE_STREAM"),)),
    "mailgun": Service(
        "mailgun://api-key@mg.acme.example",
        "API_KEY",
        where="SENDER_DOMAIN",
        signs=("WEBHOOK_SIGNING_KEY", "WEBHOOK_SIGNING_KEY"),
    ),
    "resend": Service("resend://api-key", "API_KEY"),
    "brevo": Service("brevo://api-key", "API_KEY"),
    "sendgrid": Service("sendgrid://api-key", "API_KEY", signs=("TRACKING_WEBHOOK_VERIFICATION_KEY", "")),
    "mailersend": Service("mailersend://api-token", "API_TOKEN", signs=("SIGNING_SECRET", "INBOUND_SECRET")),
    "sparkpost": Service("sparkpost://api-key", "API_KEY"),
    "mailjet": Service("mailjet://api-key:secret-key", "API_KEY", secret="SECRET_KEY"),
    "ses": Service(
        "ses://access-key:secret@eu-central-1",
        "aws_access_key_id",
        secret="aws_secret_access_key",
        where="region_name",
        module="amazon_ses",
        needs="boto3",
    ),
}
EUROPE = {"mailgun": "https://api.eu.mailgun.net/v3", "sparkpost": "https://api.eu.sparkpost.com/api/v1"}
A_KEY = re.compile(r"[!-~]{4,500}")


def read(name: str, value: str, refuse: Refuse) -> dict:
    """Read `service://key@where?options` as settings: MAIL_SERVICE, EMAIL_BACKEND and ANYMAIL."""
    scheme, _, rest = value.partition("://")
    service = SERVICES[scheme]
    rest, _, query = rest.partition("?")
    before, at, behind = rest.rpartition("@")
    credentials, where = (before, behind) if at or not service.where else ("", rest)
    if not at and not service.where:
        credentials, where = rest, ""
    found = _credentials(name, service, credentials, refuse) | _where(name, service, where, refuse)
    found |= _options(name, scheme, query, refuse)
    if service.needs and find_spec(service.needs) is None:
        raise refuse(name, f"needs {service.needs}, which is not installed: pip install {service.needs}.")
    return {
        "MAIL_SERVICE": scheme,
        "EMAIL_BACKEND": "provisioning.emails.services.EmailBackend",
        "ANYMAIL": _for_ses(found)
        if scheme == "ses"
        else {f"{scheme}_{key}".upper(): it for key, it in found.items()},
    }


def _credentials(name: str, service: Service, written: str, refuse: Refuse) -> dict[str, str]:
    user, colon, password = written.partition(":")
    given = [unquote(user), unquote(password)] if service.secret else [unquote(written)]
    nobody = service.module == "amazon_ses" and not written  # the host's own role
    if not nobody and (bool(colon) != bool(service.secret) or not all(A_KEY.fullmatch(one) for one in given)):
        raise refuse(name, f"has no key that could be one: write {service.like}.")
    return {} if nobody else dict(zip((service.key, service.secret), given, strict=False))


def _where(name: str, service: Service, where: str, refuse: Refuse) -> dict[str, str]:
    where = where.rstrip("/")
    if bool(where) != bool(service.where) or (where and not hosts.is_host(where)):
        raise refuse(name, f"must look like {service.like}.")
    return {service.where: where} if where else {}


def _options(name: str, scheme: str, query: str, refuse: Refuse) -> dict[str, str]:
    known = dict(SERVICES[scheme].options)
    found = {}
    for option, given in parse_qsl(query, keep_blank_values=True):
        if option == "region" and given == "eu" and scheme in EUROPE:
            found["API_URL"] = EUROPE[scheme]
        elif option == "api" and _may_be_asked(given) and scheme != "ses":
            found["API_URL"] = given
        elif option in known and A_KEY.fullmatch(given):
            found[known[option]] = given
        else:
            raise refuse(name, f"has an option {option!r} that we do not know, or not like that: leave it out.")
    return found


def _may_be_asked(place: str) -> bool:
    """Return True for https, and for http on a network of our own: a key goes there."""
    parts = urlsplit(place)
    return bool(parts.hostname) and (parts.scheme == "https" or _is_inside(parts.scheme, parts.hostname or ""))


def _is_inside(scheme: str, host: str) -> bool:
    return scheme == "http" and hosts.is_inside(host)


def _for_ses(found: dict[str, str]) -> dict:
    limits = {"connect_timeout": 5, "read_timeout": 10, "retries": {"max_attempts": 0}}
    return {"AMAZON_SES_CLIENT_PARAMS": found | {"config": limits}}


def signing_keys(service: str, named: dict[str, str], refuse: Refuse) -> dict[str, str]:
    """Return anymail's settings for the signing keys that are named: of tracking, and of inbound mail."""
    found = {}
    for (name, value), setting in zip(named.items(), SERVICES[service].signs if service else ("", ""), strict=True):
        if value and not setting:
            able = ", ".join(known for known, one in SERVICES.items() if any(one.signs))
            raise refuse(name, f"is for a service of EMAIL_URL that signs ({able}); elsewhere leave it out.")
        if value:
            found[f"{service}_{setting}".upper()] = value
    return found
