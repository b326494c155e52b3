"""Redirect URIs of the product: which may be registered at all. Needs no Django: the settings ask here, too."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

LONGEST = 500
PRINTABLE = re.compile(r"[!-~]+")  # ASCII, and no blank: a browser sends the others in another form


def fault_of(uri: str) -> str:
    """Return what is wrong with a redirect URI, to stand after its name; an empty string where nothing is.

    It is compared byte for byte (RFC 9700, 2.1), so it must be whole and in the form that browsers send.
    """
    if not PRINTABLE.fullmatch(uri) or len(uri) > LONGEST:
        return f"must be at most {LONGEST} characters of ASCII, without a blank"
    try:
        parts = urlsplit(uri)
        there = bool(parts.hostname) and parts.port != 0
    except ValueError:
        there = False
    if not there or not uri.startswith(("https://", "http://")):
        return "must begin with https:// and a host"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "must be https:// (http:// is for loopback only)"
    if "@" in parts.netloc or "#" in uri or "*" in uri:
        return "must have no user, no # and no * in it: it is compared as it stands"
    return "" if parts.path else "must have a path, at least a / behind the host"


def origin_of(uri: str) -> str:
    """Return scheme, host and port of a URL, as a browser names an origin."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Return True for an address or a name of the visitor's own machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
