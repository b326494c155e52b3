"""Search for people by the beginning of an address, name or company, by domain, phone number or reference.

Also by the beginning of a word of a name or company, and of words in their messages; a phone number may be written in
any way. Tickets are found by the same, and by their number. By indexes only, whatever there is to find.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Account
from accounts.text.addresses import in_ascii, normal_email
from support.models import Ticket

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

# As the migration notes_and_saved_replies has it; of a text so long that it has no index, the beginning.
MESSAGE = f"translate(left(subject || ' ' || body, 50000), '{BETWEEN_WORDS}', '{' ' * len(BETWEEN_WORDS)}')"
MESSAGE_WORDS = f"to_tsvector('simple', {MESSAGE}) @@ to_tsquery('simple', %s)"


def find(accounts: QuerySet[Account], term: str, *, in_messages: bool = False) -> QuerySet[Account]:
    """Filter accounts by a search term; with `in_messages` also by what they wrote."""
    looked_up = _people(term)
    if in_messages and (words := _all_words(term)):
        wrote = f"SELECT account_id FROM support_message WHERE account_id IS NOT NULL AND {MESSAGE_WORDS}"
        looked_up.append((wrote, words))
    return accounts.filter(_one_of("accounts_account.id", looked_up))


def find_tickets(tickets: QuerySet[Ticket], term: str, *, in_letters: bool = False) -> QuerySet[Ticket]:
    """Filter tickets by number, by whose they are, and by words in their messages.

    With `in_letters` also by words in our answers.
    """
    people = _people(term)
    of_them = " UNION ".join(f"({how} LIMIT {MOST})" for how, _what in people)
    stranger = "SELECT id FROM support_ticket WHERE account_id IS NULL AND email LIKE %s"
    ways = [(stranger, _beginning(term.strip().lower()))]
    if (number := term.strip().lstrip("#")).isascii() and number.isdigit() and len(number) < 18:
        ways.append(("SELECT id FROM support_ticket WHERE id = %s", number))
    if words := _all_words(term):
        tables = ("support_message", "support_letter") if in_letters else ("support_message",)
        said = f"ticket_id IS NOT NULL AND {MESSAGE_WORDS}"
        ways += [(f"SELECT ticket_id FROM {table} WHERE {said}", words) for table in tables]
    theirs = RawSQL(
        f"support_ticket.account_id = ANY(ARRAY({of_them}))", [what for _how, what in people], BooleanField()
    )
    return tickets.filter(Q(_one_of("support_ticket.id", ways)) | Q(theirs))


def _people(term: str) -> list[tuple[str, str]]:
    """SELECTs of account ids, each with its one parameter."""
    ways = _ways(" ".join(term.lower().split()))
    return [(f"SELECT id FROM accounts_account WHERE {how}", what) for how, what in ways]


def _one_of(column: str, ways: list[tuple[str, str]]) -> RawSQL:
    """Condition that a row is found in one of these ways.

    Each is looked up by itself: a condition with OR would read everybody where one way is a common one.
    """
    looked_up = " UNION ".join(f"({how} LIMIT {MOST})" for how, _what in ways)
    return RawSQL(f"{column} = ANY(ARRAY({looked_up}))", [what for _how, what in ways], BooleanField())


def _all_words(term: str) -> str:
    """Query for a text in which all of these words begin; empty if there is none."""
    words = re.findall(r"\w+", term.lower().translate(str.maketrans(BETWEEN_WORDS, " " * len(BETWEEN_WORDS))))
    return " & ".join(f"'{word}':*" for word in words[:10])


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
    if words := _all_words(term):
        yield f"{WORDS} @@ to_tsquery('simple', %s)", words
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
