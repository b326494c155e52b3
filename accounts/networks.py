"""Client network of a request: of the connection, or as the outermost of our own proxies saw it (X-Forwarded-For)."""

import ipaddress
import re

from django.conf import settings

# 192.0.2.7, 192.0.2.7:4711, 2001:db8::7, [2001:db8::7], [2001:db8::7]:4711; a zone behind a % means nothing to us.
HOP = re.compile(r"\[(?P<bracketed>[^\[\]]+)\](:\d+)?|(?P<four>[\d.]+)(:\d+)?|(?P<six>[^\[\]]+)")


def network_of(request) -> str:
    """Return the client's network, /32 or /64, or "unknown". What a proxy says counts only where it is an address."""
    peer = request.META.get("REMOTE_ADDR", "")
    address = address_in(_seen_by_our_proxy(request.META.get("HTTP_X_FORWARDED_FOR", ""))) or address_in(peer)
    if address is None:
        return "unknown"
    return str(ipaddress.ip_network((address, 32 if address.version == 4 else 64), strict=False))


def address_in(hop: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an address however it is written; None where it is none.

    With a port, in brackets, in quotes, with a zone, or one of IPv4 within IPv6.
    """
    found = HOP.fullmatch(hop.strip().strip("\"'").strip())
    written = found and (found["bracketed"] or found["four"] or found["six"])
    try:
        address = ipaddress.ip_address((written or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _seen_by_our_proxy(forwarded: str) -> str:
    """The hop that our outermost proxy wrote: each of ours adds one item, and none of them an empty one."""
    hops = [hop for hop in (hop.strip() for hop in forwarded.split(",")) if hop]
    return hops[-settings.PROXIES] if 0 < settings.PROXIES <= len(hops) else ""
