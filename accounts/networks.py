"""Client network of a request: of the connection, or as the outermost of our own proxies saw it (X-Forwarded-For)."""

import ipaddress
import re

from django.conf import settings

# 192.0.2.7, 192.0.2.7:4711, 2001:db8::7, [2001:db8::7], [2001:db8::7]:4711; a zone behind a % means nothing to us.
HOP = re.compile(r"\[(?P<bracketed>[^\[\]]+)\](:\d+)?|(?P<four>[\d.]+)(:\d+)?|(?P<six>[^\[\]]+)")


def network_of(request) -> str:
    """Return the client's network, /32 or /64, or "unknown". What a proxy says counts only where it is an address."""
    # Each proxy of ours adds one hop, and none of them an empty one: the outermost wrote the client's address.
    hops = [hop for hop in map(str.strip, request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")) if hop]
    seen_by_our_proxy = hops[-settings.PROXIES] if 0 < settings.PROXIES <= len(hops) else ""
    address = address_in(seen_by_our_proxy) or address_in(request.META.get("REMOTE_ADDR", ""))
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
