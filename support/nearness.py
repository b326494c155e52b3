"""How near two addresses are: a slip of one key, one letter too many, or two swapped."""

from collections.abc import Collection, Iterable

COMMON = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "yahoo.com", "yahoo.co.uk"),
        *("icloud.com", "live.com", "proton.me", "protonmail.com", "gmx.net", "web.de", "aol.com", "mail.com"),
        *("yandex.com", "fastmail.com", "zoho.com"),
    }
)
SHORTEST = 6  # a slip in less than "gmx.de" cannot be told from another name


def one_slip(a: str, b: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours turns `a` into `b`."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    swapped = rest_a[:2] == rest_b[1::-1] and len(rest_a) > 1 and rest_a[2:] == rest_b[2:]
    return swapped or rest_a[1:] == rest_b[1:] or rest_a == rest_b[1:] or rest_a[1:] == rest_b


def domain_of(email: str) -> str:
    return email.rpartition("@")[2]


def meant_domain(email: str, known: Collection[str] = ()) -> str:
    """The domain that was probably meant, or nothing. `known`: domains of the same company."""
    domain = domain_of(email)
    if domain in COMMON or domain in known or len(domain) < SHORTEST:
        return ""
    near = [other for other in (*sorted(known), *sorted(COMMON)) if one_slip(domain, other)]
    return near[0] if near else ""


def near_addresses(email: str, others: Iterable[str]) -> list[str]:
    """Those of `others` that differ by one slip in the name or in the domain."""
    name, _, domain = email.partition("@")
    found = []
    for other in others:
        its_name, _, its_domain = other.partition("@")
        if one_slip(email, other) or (name == its_name and one_slip(domain, its_domain)):
            found.append(other)
    return found
