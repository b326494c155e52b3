"""Search for people by the beginning of an address, name or company, by domain, phone number or reference.

Also by the beginning of a word of a name or company; a phone number may be written in any way. By indexes only,
whatever there is to find.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Account
from accounts.text.addresses import in_ascii, normal_email

MOST = 1000  # found in each way; whoever looks for more than that has to say more
FEWEST_DIGITS = 5
LAST_DIGITS = 7  # what a number has in common however its country and area are written
BEGINS = "LIKE %s"
# Each as its index has it, in the migrations 0002_roles and recovery_codes.
BETWEEN_WORDS = "./-@_&+,:;()"
ADDRESS, NAME, COMPANY = "lower(email)", "lower(name)", "lower(company)"
DOMAIN = "split_part(lower(email), '@', 2)"
DIGITS = "regexp_replace(replace(phone, '(0)', ''), '[^0-9]', '', 'g')"
LAST = f"reverse({DIGITS})"
WORDS = f"to_tsvector('simple', translate(name || ' ' || company, '{BETWEEN_WORDS}', '{' ' * len(BETWEEN_WORDS)}'))"


def find(accounts: QuerySet[Account], term: str) -> QuerySet[Account]:
    """Filter accounts by a search term.

    Each way is looked up by itself: a condition with OR would read everybody where one way is a common one.
    """
    ways = list(_ways(" ".join(term.lower().split())))
    looked_up = " UNION ".join(f"(SELECT id FROM accounts_account WHERE {how} LIMIT {MOST})" for how, _what in ways)
    is_one = f"accounts_account.id = ANY(ARRAY({looked_up}))"
    return accounts.filter(RawSQL(is_one, [what for _how, what in ways], BooleanField()))


def _ways(term: str) -> Iterator[tuple[str, str]]:
    """SQL conditions, each with its one parameter."""
    if "@" in (meant := normal_email(term)).strip("@"):
        address = re.search(r"[^\s<>]+@[^\s<>]*", term)
        yield f"{ADDRESS} {BEGINS}", _beginning(address[0] if address else meant)
        yield "email = %s", meant
        return
    if term.startswith("@"):
        yield f"{DOMAIN} {BEGINS}", _beginning(in_ascii(term[1:]))
        return
    if len(term) == 8:
        yield "reference = %s", term.upper()
    for text in (ADDRESS, NAME, COMPANY):
        yield f"{text} {BEGINS}", _beginning(term)
    yield f"{DOMAIN} {BEGINS}", _beginning(in_ascii(term))
    if words := re.findall(r"\w+", term.translate(str.maketrans(BETWEEN_WORDS, " " * len(BETWEEN_WORDS)))):
        yield f"{WORDS} @@ to_tsquery('simple', %s)", " & ".join(f"'{word}':*" for word in words[:10])
    digits = digits_of(term)
    if len(digits) >= FEWEST_DIGITS:
        yield f"{DIGITS} {BEGINS}", _beginning(digits)
        yield f"{LAST} {BEGINS}", _beginning(digits[::-1][:LAST_DIGITS])


def digits_of(term: str) -> str:
    """Digits of a phone number in any script, without what is dialled before it (zeros, “(0)”).

    Empty if there are not more digits than letters.
    """
    found = (unicodedata.digit(letter, None) for letter in term.replace("(0)", ""))
    digits = "".join(str(digit) for digit in found if digit is not None)
    letters = sum(letter.isalpha() for letter in term)
    return digits.lstrip("0") if len(digits) > letters else ""


def _beginning(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
