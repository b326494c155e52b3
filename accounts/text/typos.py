"""Typing errors in e-mail domains, found by edit distance: a hint, never a refusal.

A hint is given for a domain one slip away from one that very many people have.
"""

from itertools import takewhile

COMMON = (
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "hotmail.com", "hotmail.co.uk",
    "hotmail.de", "hotmail.fr", "outlook.com", "outlook.de", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
    "aol.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "orange.fr",
    "wanadoo.fr", "free.fr", "laposte.net", "libero.it", "mail.ru", "yandex.ru", "proton.me", "protonmail.com",
    "fastmail.com", "comcast.net", "btinternet.com", "zoho.com", "qq.com", "163.com", "mail.com", "ymail.com",
    "email.com", "rocketmail.com",
)  # fmt: skip
SHORTEST = 9  # gmx.de and gmx.at are one slip apart, and both are right


def likely_address(email: str) -> str:
    """Suggest the address they may have meant, or nothing; never for a known domain.

    gmial.com, gmail.con, hotmial.com.
    """
    name, _at, domain = email.rpartition("@")
    if domain in COMMON:
        return ""
    meant = next((known for known in COMMON if len(known) >= SHORTEST and one_slip(domain, known)), "")
    return f"{name}@{meant}" if meant else ""


def one_slip(typed: str, meant: str) -> bool:
    """Return True at edit distance one: one letter was left out, added, changed, or two neighbours swapped."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(typed, meant, strict=False))))
    a, b = typed[same:], meant[same:]
    swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return swapped or a[1:] == b[1:] or a[1:] == b or a == b[1:]
