"""Host names and IP addresses as they stand in URLs, and the test for those on a private network.

A token that travels without TLS must not leave that network, and a name shows where it leads only if it is one
that nobody can register in the public DNS.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from accounts.text.addresses import in_ascii

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE | re.ASCII)
NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE | re.ASCII)
OUR_NETWORKS = [
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]
OUR_NAMES = (".internal", ".local", ".localhost", ".svc", ".lan", ".home.arpa")


def address_in(host: str) -> IPv4Address | IPv6Address | None:
    """Parse an IP address; None where it is none."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_host(host: str) -> bool:
    """Return True for an IP address, or a name in ASCII.

    One that ends in a number, like 0x7f.1, is an address in disguise: neither.
    """
    labels = host.removesuffix(".").split(".")
    named = len(host) <= 253 and all(LABEL.fullmatch(label) for label in labels)
    return bool(address_in(host)) or (named and not NUMBER.fullmatch(labels[-1]))


def is_inside(host: str) -> bool:
    """Return True on a network of our own.

    Loopback, a private network, a name of one word (another container), or a name that is never public.
    """
    name = host.lower().removesuffix(".")
    if address := address_in(name):
        return any(address in network for network in OUR_NETWORKS)
    return is_host(name) and ("." not in name or name.endswith(OUR_NAMES))


def as_browsers_write(host: str) -> str:
    """Normalise a host: müller.example as xn--mller-kva.example, and 2001:db8:0:0::1 as 2001:db8::1."""
    return str(address_in(host) or in_ascii(host))


def is_loopback(host: str) -> bool:
    """Return True for an address or a name of this machine itself."""
    name = host.lower().strip("[]").removesuffix(".")
    address = address_in(name)
    return address.is_loopback if address else name == "localhost" or name.endswith(".localhost")


def in_url(host: str) -> str:
    """Format a host for a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def in_mailbox(host: str) -> str:
    """Format a host for the part behind the @ of an address there."""
    address = address_in(host)
    if address is None:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
