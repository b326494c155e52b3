"""Edit distance of addresses: a slip of one key, one letter too many, or two swapped."""

from collections.abc import Collection, Iterable

from accounts.text.typos import COMMON, SHORTEST, one_slip


def domain_of(email: str) -> str:
    """Domain of an e-mail address."""
    return email.rpartition("@")[2]


def meant_domain(email: str, known: Collection[str] = ()) -> str:
    """The domain that was probably meant, or nothing. `known`: domains of the same company."""
    domain = domain_of(email)
    if domain in COMMON or domain in known or len(domain) < SHORTEST:
        return ""
    near = [other for other in (*sorted(known), *COMMON) if len(other) >= SHORTEST and one_slip(domain, other)]
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
