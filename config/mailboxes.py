"""Mailboxes of a settings file, parsed and quoted for an e-mail header (RFC 5322).

`Acme, Inc. <hello@acme.example>` is two mailboxes to a header, and to Django a letter that cannot be sent.
"""

import re
from email.utils import quote

from accounts.text.addresses import in_ascii
from config.hosts import address_in, is_host

NAMED = re.compile(r"(?P<name>.*)<(?P<address>[^<>\s]+)>")
ANOTHER = re.compile(r"<[^<>]*@[^<>]*>")
LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
LITERAL = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]+)\]")
PLAIN_NAME = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]*")
LONGEST_LOCAL, LONGEST = 64, 254  # RFC 5321


def mailbox(value: str) -> str | None:
    """Parse a mailbox and return it as a header needs it; None if it is none.

    That is with its name in quotes where it needs them, and its host in ASCII.
    """
    named = NAMED.fullmatch(value)
    name, address = (_unquoted(named["name"].strip()), named["address"]) if named else ("", value)
    local, _, domain = address.rpartition("@")
    domain = in_ascii(domain)
    if not LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL or not _is_domain(domain) or ANOTHER.search(name):
        return None
    address = f"{local}@{domain}"
    if len(address) > LONGEST:
        return None
    phrase = name if PLAIN_NAME.fullmatch(name) else f'"{quote(name)}"'
    return f"{phrase} <{address}>" if name else address


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _is_domain(domain: str) -> bool:
    literal = LITERAL.fullmatch(domain)
    return bool(literal and address_in(literal[1])) or (is_host(domain) and not address_in(domain))
