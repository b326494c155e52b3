"""Finding a person by the beginning of an address, a name, a company, or by the reference: indexes only."""

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import Account, normal_email

WORDS = {"lower_email": Lower("email"), "lower_name": Lower("name"), "lower_company": Lower("company")}


def find(accounts: QuerySet[Account], term: str) -> QuerySet[Account]:
    """A term with @ is an address; anything else may begin a name, a company, an address or be a reference."""
    meant, term = normal_email(term), term.strip().lower()
    people = accounts.alias(**WORDS)
    if "@" in meant:
        return people.filter(Q(lower_email__startswith=term) | Q(email=meant))
    begins = Q(reference=term.upper())
    for word in WORDS:
        begins |= Q((f"{word}__startswith", term))
    return people.filter(begins)
