"""Environment variables, parsed and validated; a wrong value is one sentence that names its variable.

Each function raises ImproperlyConfigured for a value it cannot use.
"""

import hashlib
import os
import re
import socket
import warnings
from base64 import b64decode
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg import pq

from accounts.text import colors
from config import hosts, mail_services
from config.mailboxes import mailbox
from product.redirect_uris import fault_of

env = environ.Env()

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

DATABASES_WE_SPEAK = ("postgres", "postgresql", "pgsql")
BROKERS_WE_SPEAK = ("redis", "rediss", "unix", "redis+socket")
# A database that is gone without a word is given up by the kernel after some six seconds, whether a question is
# under way (tcp_user_timeout) or an answer is awaited (keepalives). On a unix socket they mean nothing.
LINK = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 6000,
}
POOL = {"min_size": 1, "max_size": 16, "timeout": 4, "reconnect_timeout": 5}
WORKSPACES_WE_SPEAK = ("local", "postgres-schema", "https", "http")
MAIL_WE_SPEAK = {"smtp": 25, "smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}
LETTERS_KEPT_HERE = ("filemail", "consolemail", "memorymail", "dummymail")

# What Django and psycopg take from a URL beside what libpq itself knows.
DATABASE_OPTIONS = {"pool", "server_side_binding", "isolation_level", "assume_role", "prepare_threshold"}
NUMBERS_OF_LIBPQ = re.compile(r"connect_timeout|keepalives\w*|tcp_user_timeout|prepare_threshold")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
BROKER_OPTIONS = {
    "virtual_host",
    "ssl_cert_reqs",
    "ssl_check_hostname",
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
}
# Kombu verifies nothing unless it is told to.
SAFE_TLS = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}
CERT_REQS = ("none", "optional", "required", "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED")

LIKE_A_CLIENT = "https://id:secret@app.acme.example/oidc/callback"
LIKE_A_DATABASE = "postgres://user:password@host:5432/database"
LIKE_A_BROKER = "redis://:password@host:6379/0 or unix:///path/to/socket"
LIKE_MAIL = "smtp+tls://user:password@host:587"
LIKE_WORKSPACES = "https://token@host/path"
RETAINED = ("diary", "errands", "letters", "links", "mail", "messages", "sign_ups", "tickets", "tries")
SHORTEST_RETENTION = 30  # days: what happened lately decides what is still owed
LIKE_RETENTION = "diary=730,tries=90"
LIKE_EVENTS = "https://app.example.com/arrivals"
A_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
SHORTEST_TOKEN = 20
LARGEST_PICTURE = 200_000  # bytes
SHORTEST_WAIT, LONGEST_WAIT = 0.001, 7 * 86400  # seconds


def refuse(name: str, why: str) -> ImproperlyConfigured:
    """Return the ImproperlyConfigured for a variable; it is raised by the caller."""
    return ImproperlyConfigured(f"{name} {why}")


def text(name: str, default: str) -> str:
    """Read a printable string. An empty variable counts as one that is not named."""
    value = os.environ.get(name, "").strip()
    if not value.isprintable():
        raise refuse(name, "has a line break or another character in it that cannot be printed.")
    return value or default


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """Read one of several words, in any case."""
    value = text(name, default)
    found = next((known for known in choices if known.lower() == value.lower()), None)
    if found is None:
        raise refuse(name, f"must be one of {', '.join(choices)}, not {value!r}.")
    return found


def secret_key(name: str, kept: str) -> str:
    """Read a secret of 32 characters or more. Whoever can guess it can log in as anybody."""
    value = text(name, kept)
    if len(value) < 32:
        raise refuse(name, "is too short: give it 50 random characters.")
    return value


def product_name(name: str, default: str) -> str:
    """Read the product's name. It stands in subjects, in the sender and in an authenticator app."""
    value = text(name, default)
    if len(value) > 40 or re.search(r"[<>@:{}%\"\\]", value):
        raise refuse(name, "must be a name of at most 40 characters, without < > @ : { } % or quotes.")
    return value


def color(name: str) -> str:
    """Read a colour as #rrggbb that white letters can be read on, or nothing where none is named."""
    value = text(name, "").lower()
    if value and not re.fullmatch("#[0-9a-f]{6}", value):
        raise refuse(name, f"must be a colour like #1d5e59, not {value!r}.")
    if value and colors.contrast(value, colors.PAPER) < colors.READABLE:
        raise refuse(name, f"is too light for white letters on it and for links on white: take a darker {value}.")
    return value


def picture(name: str) -> str:
    """Read the path of an SVG or PNG file that we may read, or nothing where none is named."""
    value = text(name, "")
    if value and not re.search(r"\.(svg|png)$", value, re.IGNORECASE):
        raise refuse(name, f"must be the path of an .svg or .png file, not {value!r}.")
    place = Path(value)
    if value and not (place.is_file() and os.access(place, os.R_OK) and place.stat().st_size < LARGEST_PICTURE):
        raise refuse(name, f"must be a file of at most 200 kB that we may read; {value} is not.")
    return value


def flag(name: str, default: bool = False) -> bool:
    """Read a boolean."""
    value = text(name, "1" if default else "0").lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off", ""):
        return False
    raise refuse(name, f"must be 1 or 0, not {value!r}.")


def whole_number(name: str, default: int, least: int, most: int) -> int:
    """Read an integer from `least` to `most`."""
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise refuse(name, f"must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def seconds_list(name: str, default: str) -> list[float]:
    """Read a comma-separated list of waits in seconds, each above zero."""
    value = text(name, default)
    try:
        waits = [float(part) for part in value.split(",")]
    except ValueError:
        waits = []
    if not all(SHORTEST_WAIT <= wait <= LONGEST_WAIT for wait in waits) or not waits:
        raise refuse(name, f"must be seconds up to a week, with commas between, like 2,5,15,60, not {value!r}.")
    return waits


def names_list(name: str, default: str) -> list[str]:
    """Read a comma-separated list of names, none of them twice."""
    value = text(name, default)
    names = [part.strip() for part in value.split(",") if part.strip()]
    if not names:
        raise refuse(name, f"names nothing, in {value!r}: write names with commas between, or leave it out.")
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise refuse(name, f"names {twice!r} twice: once is enough.")
    return names


def hosts_list(name: str, default: str) -> list[str]:
    """Read a list of hosts as Django compares them: no scheme, no port, an IPv6 address in brackets."""
    named = names_list(name, default)
    for one in named:
        if not (one == "*" or _is_bare_host(one.removeprefix("."))):
            raise refuse(name, f"must be bare hosts like acme.example, .acme.example or [::1], not {one!r}.")
    return [f"[{hosts.as_browsers_write(one[1:-1])}]" if one.startswith("[") else one for one in named]


def address(name: str, default: str) -> str:
    """Read one mailbox: dana@example.com, or Arrivals <hello@example.com>."""
    value = text(name, default)
    found = mailbox(value)
    if found is None:
        raise refuse(name, f"must be one e-mail address, like Acme <hello@acme.example>, not {value!r}.")
    return found


def site(name: str, default: str) -> str:
    """Read the site's URL as browsers write it: in ASCII, in lower case, without the port that they leave out."""
    value = text(name, default).rstrip("/")
    parts = _parts(name, value, "https://acme.example")
    host = hosts.as_browsers_write(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not hosts.is_host(host) or parts.path or parts.query:
        raise refuse(name, f"must be http(s)://host with no path, not {value!r}.")
    if "%" in host:
        raise refuse(name, "must not have a zone in it, which browsers do not know: write http://[::1].")
    if "@" in parts.netloc:
        raise refuse(name, "must not have a user or password in it: write https://acme.example.")
    usual = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{hosts.in_url(host)}" + ("" if usual else f":{parts.port}")


def listening_host(name: str, default: str) -> str:
    """Read the address to listen on, in brackets if it is one of IPv6; a name must lead somewhere."""
    value = text(name, default)
    bare = value.removeprefix("[").removesuffix("]")
    try:
        if hosts.address_in(bare) is None:
            socket.getaddrinfo(bare, None)
    except (OSError, UnicodeError) as error:
        raise refuse(name, f"must be an address to listen on, like 127.0.0.1 or 0.0.0.0, not {value!r}.") from error
    return hosts.in_url(bare)


def user_and_password(name: str) -> str:
    """Read `user:password`, or nothing where nobody is named."""
    value = text(name, "")
    user, colon, password = value.partition(":")
    if value and not (user and colon and password):
        raise refuse(name, "must be user:password, with a colon between.")
    return value


def token(name: str) -> str:
    """Read a bearer token that a header can carry and nobody can guess, or nothing where none is named."""
    value = text(name, "")
    if value and (len(value) < SHORTEST_TOKEN or not A_TOKEN.fullmatch(value)):
        raise refuse(name, "must be 20 characters or more, only letters, digits and . _ ~ + / -, as a token is.")
    return value


def tokens(name: str) -> list[str]:
    """Read bearer tokens with commas between: two while one takes the other's place. None where none is named."""
    found = _several(name)
    if not all(A_TOKEN.fullmatch(one) and len(one) >= SHORTEST_TOKEN for one in found):
        words = "must be tokens of 20 characters or more, only letters, digits and . _ ~ + / -"
        raise refuse(name, f"{words}; of several, with commas between.")
    return found


def retention(name: str) -> dict[str, int]:
    """Read after how many days what is deleted: table=days, with commas between. Nothing where nothing is named."""
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text(name, "").split(","))):
        table, _equals, days = (word.strip() for word in part.partition("="))
        if table not in RETAINED:
            raise refuse(name, f"names {table!r}, which is none of {', '.join(RETAINED)}.")
        if not re.fullmatch(r"[0-9]{1,5}", days) or not SHORTEST_RETENTION <= int(days) <= 36_500:
            raise refuse(name, f"must give {table} days from {SHORTEST_RETENTION} to 36500, like {LIKE_RETENTION}.")
        if table in found:
            raise refuse(name, f"names {table!r} twice: once is enough.")
        found[table] = int(days)
    return found


def events(url_name: str, secret_name: str) -> tuple[str, list[str]]:
    """Read where the product hears of events, and the secrets they are signed with; of several all sign."""
    value, secrets = text(url_name, ""), _several(secret_name)
    if bool(value) != bool(secrets):
        missing, there = (url_name, secret_name) if secrets else (secret_name, url_name)
        raise refuse(missing, f"is missing: {there} is of no use without it.")
    if value:
        parts = _url(url_name, value, LIKE_EVENTS)
        if parts.scheme not in ("http", "https") or "@" in parts.netloc:
            raise refuse(url_name, f"must be an address of yours without a user or password: write {LIKE_EVENTS}.")
        if parts.scheme == "http" and not hosts.is_inside(parts.hostname or ""):
            words = "would tell of your people in the open: http:// is for loopback, private networks and names like"
            raise refuse(url_name, f"{words} app or app.internal; write {LIKE_EVENTS}.")
    if not all(_is_signing_secret(one) for one in secrets):
        words = "must be whsec_ and 24 to 64 random bytes in base64"
        raise refuse(secret_name, f"{words}; of several, with commas between.")
    return value, secrets


def _several(name: str) -> list[str]:
    """Secrets with commas between, none of them twice. Never repeats one."""
    found = [part.strip() for part in text(name, "").split(",") if part.strip()]
    if len(found) > len(set(found)):
        raise refuse(name, "names one twice: once is enough.")
    return found


def _is_signing_secret(value: str) -> bool:
    coded = value.removeprefix("whsec_")
    if coded == value:
        return False
    try:
        return 24 <= len(b64decode(coded + "=" * (-len(coded) % 4), validate=True)) <= 64
    except ValueError:
        return False


def front_page(name: str) -> str:
    """Read the address of the product's front page, or nothing where none is named."""
    value = text(name, "")
    value += "/" if value.count("/") == 2 else ""
    if value and (fault := fault_of(value)):
        raise refuse(name, f"{fault}: write https://app.acme.example/.")
    return value


def oidc_clients(name: str) -> dict[str, dict[str, Any]]:
    """Read the products that people log in to through us: client ids with the hash of a secret, and redirect URIs.

    Each is written as one URL, https://id:secret@host/callback; the same id again adds another URI.
    """
    clients: dict[str, dict[str, Any]] = {}
    for value in (part.strip() for part in text(name, "").split(",") if part.strip()):
        client_id, secret, uri = _oidc_client(name, value)
        hashed = hashlib.sha256(secret.encode()).hexdigest() if secret else ""
        client = clients.setdefault(client_id, {"secret_hash": hashed, "redirect_uris": []})
        if client["secret_hash"] != hashed:
            raise refuse(name, f"names {client_id} with two secrets: write the same one each time.")
        if uri in client["redirect_uris"]:
            raise refuse(name, f"names {uri} twice for {client_id}: once is enough.")
        client["redirect_uris"].append(uri)
    return clients


def _oidc_client(name: str, value: str) -> tuple[str, str, str]:
    """Client id, secret (empty for a public client) and redirect URI. No sentence repeats the secret."""
    found = re.fullmatch(r"(https?://)([^:@/]*)(?::([^@/]*))?@(.*)", value)
    if not found or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", found[2]):
        raise refuse(name, f"must be {LIKE_A_CLIENT} with an id of letters, digits, _ and -, commas between.")
    client_id, secret, uri = found[2], found[3], found[1] + found[4]
    if secret is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{32,200}", secret):
        raise refuse(name, f"has a secret for {client_id} that is not 32 or more letters, digits and . _ ~ -.")
    if fault := fault_of(uri):
        raise refuse(name, f"names a redirect URI for {client_id} which {fault}: write {LIKE_A_CLIENT}.")
    return client_id, secret or "", uri


def reports(name: str) -> str:
    """Read Sentry's address for our errors, or nothing where none is named."""
    value = text(name, "")
    if value:
        like = "https://key@host/project"
        parts = _url(name, value, like)
        if parts.scheme not in ("http", "https") or not parts.username or not re.search(r"/\d+$", parts.path):
            raise refuse(name, f"must be {like}, as Sentry shows it.")
    return value


def database(name: str, default: str) -> dict:
    """Read the database URL as Django's settings. Only PostgreSQL: the races we guard against need its row locks."""
    value = text(name, default)
    if "://" not in value or _scheme(value) not in DATABASES_WE_SPEAK:
        raise refuse(name, f"must start with postgres://, not {_scheme(value)!r}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config = env.db_url_config(value)
    except (ValueError, UserWarning, ImproperlyConfigured) as error:
        raise refuse(name, f"could not be read: write {LIKE_A_DATABASE}; {SPECIAL}.") from error
    _look_at_database(name, value, config)
    options = config.pop("OPTIONS", {})
    pool = _pool(name, options.pop("pool", 0))
    config["HOST"] = ",".join(host.strip("[]") for host in config["HOST"].split(","))  # as libpq wants them
    kept = {"CONN_MAX_AGE": 0 if pool else 60, "CONN_HEALTH_CHECKS": True} | config
    _check_age(name, kept["CONN_MAX_AGE"], bool(pool))
    return kept | {"ENGINE": "accounts.postgres", "OPTIONS": LINK | options | pool}


def _pool(name: str, value: str | int) -> dict:
    """Options for Django's pool: pool=true, or the most connections that a process may have."""
    word = str(value).lower()
    if word in ("0", "false", "no", "off"):
        return {}
    if word in ("1", "true", "yes", "on"):
        return {"pool": POOL}
    if not isinstance(value, int) or not 2 <= value <= 1000:
        raise refuse(name, f"must say pool=true, pool=false, or pool=2 to pool=1000 connections, not pool={value}.")
    return {"pool": POOL | {"max_size": value}}


def _check_age(name: str, age: object, pooled: bool) -> None:
    if age is not None and (not isinstance(age, int) or age < 0):
        raise refuse(name, f"must give conn_max_age in whole seconds, not {age!r}.")
    if pooled and age != 0:
        raise refuse(name, "says pool=true, and a pool keeps connections by itself: leave conn_max_age out.")


def _look_at_database(name: str, value: str, config: dict) -> None:
    """Refuse a database URL that libpq would refuse at each page. Several hosts may be named."""
    if not config["NAME"] or "@" in config["NAME"] or re.search(r"[#\s]", value):
        raise refuse(name, f"names no database: write {LIKE_A_DATABASE}; {SPECIAL}.")
    ports = [port for port in str(config["PORT"]).split(",") if port]
    named = [host.strip("[]") for host in config["HOST"].split(",") if host]
    if not all(port.isdigit() and 0 < int(port) < 65536 for port in ports):
        raise refuse(name, f"has a port that is no port number: write {LIKE_A_DATABASE}; {SPECIAL}.")
    if not all(host.startswith("/") or hosts.is_host(host) for host in named):
        raise refuse(name, f"names a host that is none: write {LIKE_A_DATABASE}; {SPECIAL}.")
    _look_at_options(name, config.get("OPTIONS", {}))


def _look_at_options(name: str, options: dict) -> None:
    """Refuse options that libpq would find out at the first visitor."""
    known = DATABASE_OPTIONS | {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    for option, value in options.items():
        if option not in known:
            near = get_close_matches(option, known, 1)
            hint = f": did you mean {near[0]}?" if near else ": leave it out"
            raise refuse(name, f"has an option {option!r} that PostgreSQL does not know{hint}.")
        if NUMBERS_OF_LIBPQ.fullmatch(option) and not re.fullmatch(r"-?\d+", str(value)):
            raise refuse(name, f"has an option {option} that must be a whole number, not {value!r}.")
    if options.get("sslmode", "prefer") not in SSL_MODES:
        raise refuse(name, f"has an sslmode that is none of {', '.join(SSL_MODES)}: {options['sslmode']!r}.")


def broker(name: str, default: str) -> str:
    """Read the URL of Redis, in the way Celery says it."""
    value = text(name, default)
    scheme = _scheme(value)
    if scheme not in BROKERS_WE_SPEAK or "://" not in value:
        raise refuse(name, f"must start with redis:// or unix://, not {_scheme(value)!r}.")
    options = dict(parse_qsl(value.partition("?")[2]))
    if scheme in ("unix", "redis+socket"):
        return _broker_on_a_socket(name, value, options)
    parts = _url(name, value, LIKE_A_BROKER)
    _look_at_broker_options(name, options)
    _look_at_number(name, parts.path.removeprefix("/"))
    return _over_tls(value, options) if scheme == "rediss" else value


def _over_tls(value: str, options: dict[str, str]) -> str:
    """Add certificate checks: the server's certificate and name are verified, unless the URL says otherwise."""
    if options.get("ssl_cert_reqs", "").lower().endswith("none"):
        return value
    missing = urlencode({option: safe for option, safe in SAFE_TLS.items() if option not in options})
    return value + ("&" if "?" in value else "?") * bool(missing) + missing


def _broker_on_a_socket(name: str, value: str, options: dict[str, str]) -> str:
    parts = _parts(name, value, LIKE_A_BROKER)
    if parts.netloc or len(parts.path) < 2:
        raise refuse(name, "names no socket: write unix:///path/to/socket, with three strokes.")
    if "db" in options:
        options["virtual_host"] = options.pop("db")
    _look_at_broker_options(name, options)
    number = options.get("virtual_host", "0")
    _look_at_number(name, number.removeprefix("/"))
    return f"redis+socket://{parts.path}?virtual_host={number}"


def _look_at_broker_options(name: str, options: dict[str, str]) -> None:
    for option in options.keys() - BROKER_OPTIONS:
        raise refuse(name, f"has an option {option!r} that we do not know: leave it out.")
    if options.get("ssl_cert_reqs", "none") not in CERT_REQS:
        raise refuse(name, "has an ssl_cert_reqs that is none of none, optional, required.")
    if options.get("ssl_check_hostname", "true").lower() not in ("true", "false"):
        raise refuse(name, "has an ssl_check_hostname that is neither true nor false.")


def _look_at_number(name: str, number: str) -> None:
    if not re.fullmatch(r"[0-9]{0,4}", number):
        raise refuse(name, f"must name its database by a number: write {LIKE_A_BROKER}.")


def mail(name: str, folder: Path) -> dict:
    """Read the e-mail settings; letters land as files in `folder` where nothing is named."""
    value = text(name, "")
    if not value:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(folder),
        }
    scheme = value.partition("://")[0]
    if scheme not in (*MAIL_WE_SPEAK, *LETTERS_KEPT_HERE, *mail_services.SERVICES) or "://" not in value:
        services = ", ".join(f"{service}://" for service in mail_services.SERVICES)
        raise refuse(name, f"must start with smtp://, smtp+tls:// or smtp+ssl://, or {services}: write {LIKE_MAIL}.")
    if scheme in mail_services.SERVICES:
        return mail_services.read(name, value, refuse)
    if scheme in MAIL_WE_SPEAK:
        _look_at_mail(name, value)
    config = env.email_url_config(value)
    if scheme in MAIL_WE_SPEAK:
        config["EMAIL_BACKEND"] = "provisioning.emails.smtp.EmailBackend"
    if scheme == "filemail":
        config["EMAIL_FILE_PATH"] = _mail_folder(name, value)
    found = {key: item for key, item in config.items() if item is not None}
    return {"EMAIL_PORT": MAIL_WE_SPEAK[scheme]} | found if scheme in MAIL_WE_SPEAK else found


def signing_keys(service: str, *names: str) -> dict[str, str]:
    """Read the keys with which the mail service signs what it posts to us, of tracking and of inbound mail."""
    return mail_services.signing_keys(service, {name: text(name, "") for name in names}, refuse)


def _mail_folder(name: str, value: str) -> str:
    path = unquote(urlsplit(value).path)
    if urlsplit(value).netloc or not path.strip("/"):
        raise refuse(name, "names no folder: write filemail:///path/to/folder, with three strokes.")
    return path


def _look_at_mail(name: str, value: str) -> None:
    parts = _url(name, value, LIKE_MAIL)
    if parts.query or parts.path.strip("/"):
        words = "has something behind the host that we do not know; TLS is told by smtp+tls:// or smtp+ssl://"
        raise refuse(name, f"{words}: write {LIKE_MAIL}; {SPECIAL}.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise refuse(name, f"must have both a user and a password, or neither: write {LIKE_MAIL}.")
    if not (user + password).isascii():
        raise refuse(name, "has a letter outside ASCII in its user or password, which SMTP cannot carry.")


def workspaces(name: str, default: str) -> str:
    """Read the URL of the workspace backend.

    The token is a password: it goes over TLS, or it stays on a network of our own.
    """
    value = text(name, default)
    scheme = value.partition(":")[0]
    if scheme not in WORKSPACES_WE_SPEAK or (scheme not in ("http", "https") and value != f"{scheme}:"):
        raise refuse(name, f"must be local:, postgres-schema: or {LIKE_WORKSPACES}.")
    if scheme in ("http", "https"):
        parts = _url(name, value, LIKE_WORKSPACES)
        _look_at_token(name, parts)
        if scheme == "http" and not hosts.is_inside(parts.hostname or ""):
            words = "would send its token in the open: http:// is for loopback, private networks and names like"
            raise refuse(name, f"{words} workspaces or workspaces.internal; write {LIKE_WORKSPACES}.")
    return value


def _look_at_token(name: str, parts: SplitResult) -> None:
    token = unquote(parts.username or "")
    if (not token and parts.scheme == "https") or parts.password is not None:
        raise refuse(name, f"must have a token and nothing else before the @: write {LIKE_WORKSPACES}.")
    if not re.fullmatch(r"[!-~]*", token):
        raise refuse(name, "has a blank or a letter outside ASCII in its token, which a header cannot carry.")
    if parts.query:
        raise refuse(name, f"has a ? in it, and ends with its path: write {LIKE_WORKSPACES}.")


SPECIAL = "a special character in a password is written as %40 (@), %2F (/), %3F (?) or %23 (#)"


def _url(name: str, value: str, like: str) -> SplitResult:
    """Parse a URL that leads to a host. Never repeats the value: there may be a password in it."""
    parts = _parts(name, value, like)
    if not parts.hostname:
        raise refuse(name, f"names no host: write {like}.")
    if not hosts.is_host(parts.hostname):
        raise refuse(name, f"names a host that is none: write {like}.")
    return parts


def _parts(name: str, value: str, like: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        wrong = parts.port == 0 or (parts.netloc.endswith(":"))
    except ValueError:
        wrong = True
    if wrong:
        words = "has a port that is no port number, or an address of IPv6 without its brackets"
        raise refuse(name, f"{words}: write {like}; {SPECIAL}.")
    if "#" in value or re.search(r"\s", value):
        raise refuse(name, f"has a # or a blank in it: write {like}; {SPECIAL}.")
    return parts


def _is_bare_host(host: str) -> bool:
    if host.startswith("[") and host.endswith("]"):
        return hosts.address_in(host[1:-1]) is not None
    return ":" not in host and hosts.is_host(host)


def _scheme(value: str) -> str:
    return value.split(":", 1)[0][:20]
