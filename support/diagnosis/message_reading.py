"""Message reading: topics, deadline, addresses and language of what somebody wrote, by plain rules. Pure.

The rules are in English and German. What they find is proposed to the agent, never done; what they do not know stays
unsaid, so that the draft leaves room for it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from accounts.text.addresses import is_domain, normal_email
from support.diagnosis.languages import language_of
from support.diagnosis.stated_times import MOST_READ, stated_deadline

MOST_ADDRESSES = 3
LONGEST_NOTICE = 60  # words that an automatic reply has
SHORT = 25  # words: longer than that, and it is more than a thank-you


class Topic(StrEnum):
    """Concern of a message, as far as a plain rule can tell."""

    DELETE = "delete"
    INVOICE = "invoice"
    PASSWORD = "password"
    LOGIN = "login"  # they cannot get in, by whatever cause
    ADDRESS = "address"  # theirs is mistyped, or another one is to be used
    COLLEAGUE = "colleague"  # it is about somebody else, or by somebody else
    THANKS = "thanks"  # and nothing more
    ANGRY = "angry"
    AUTOMATIC = "automatic"  # a machine wrote it
    EMPTY = "empty"


@dataclass(frozen=True)
class Said:
    """One message of theirs: its words with the subject, when it came, and whether a machine wrote it."""

    text: str
    at: datetime
    automatic: bool = False


@dataclass(frozen=True)
class Reading:
    """Result of reading all that somebody wrote since we last answered."""

    language: str = ""  # empty: not to be told
    topics: frozenset[Topic] = frozenset()
    deadline: datetime | None = None
    addresses: tuple[str, ...] = ()  # those that are not theirs, nor ours
    times_written: int = 0


CLAUSES = re.compile(r"[.!?;,\n]+|\b(?:and|but|und|aber)\b")
NOT = re.compile(r"\b(?:not|don't|never|without|nicht|kein\w*|niemals)\b|n't\b")
DELETE = re.compile(
    r"\b(?:delete|erase|remove|wipe|cancel|close)\b.{0,30}\b(?:my|our|me|all|the)\b.{0,20}"
    r"\b(?:data|account|everything|details|information|profile)\b"
    r"|\b(?:delete|erase|remove) (?:me|everything|it all)\b|\bdeletion"
    r" of\b|\bright to (?:be forgotten|erasure)\b|\bgdpr\b"
    r"|\b(?:daten|konto|account|profil|alles|mich)\b.{0,30}\b(?:löschen|gelöscht|löscht|entfernen|kündigen)\b"
    r"|\b(?:löschen sie|lösche|löscht|lösch|entfernen sie|löschung|kündigen sie)\b.{0,30}"
    r"\b(?:daten|konto|kontos|account|accounts|profil|alles|mich)\b"
    r"|\bdsgvo\b"
)
DELETED_WANTED = re.compile(
    r"\b(?:want|like|please|have|get|request)\b.{0,40}\b(?:data|account|everything|details|profile)\b.{0,15}"
    r"\b(?:deleted|removed|erased|wiped|closed|cancelled|canceled)\b"
)
DELETED_ALREADY = re.compile(
    r"\b(?:wurde|wurden|haben sie|was|were|has been|have been)\b.{0,30}\b(?:gelöscht|deleted)\b"
)
INVOICE = re.compile(
    r"\b(?:invoices?|billing|billed|bill|receipt|refund|payment|charged|vat"
    r"|rechnung\w*|umsatzsteuer\w*|mehrwertsteuer|mwst|ust|zahlung\w*|abgebucht|erstattung|gutschrift)\b"
)
PASSWORD = re.compile(
    r"\b(?:pass?words?|passwrod|passphrase|pass?worts?|passwörter|kennworts?|zugangsdaten)\b"
    r"|\b(?:reset|forgot|forgotten) (?:my )?log-?in\b"
)
LOGIN = re.compile(
    r"\b(?:can't|cannot|can not|unable to) (?:log|sign) ?in\b"
    r"|\b(?:kann|konnte) mich nicht (?:mehr )?(?:anmelden|einloggen)\b"
    r"|\blocked out\b|\bausgesperrt\b"
)
ADDRESS = re.compile(
    r"\b(?:typos?|mistyped|misspel\w+|misspelt|spelled|spelt)\b|\bshould (?:be|have been) \S+@\S+"
    r"|\b(?:wrong|right|correct|new|old|actual|different) (?:e-?mail|mail|address)\b"
    r"|\b(?:change|correct|update) (?:my|the|our) (?:e-?mail|mail|address)\b"
    r"|\b(?:mistake|error) (?:in|with) (?:my|the|our) (?:e-?mail|address)\b"
    r"|\b(?:address|e-?mail)\b.{0,20}\b(?:wrong|incorrect|incorrectly|instead)\b"
    r"|\b(?:vertippt|verschrieben|tippfehler|falsch geschrieben)\b"
    r"|\b(?:falsche|richtige|andere|neue|alte|geänderte)n? (?:e-?mail|mail|adresse|e-?mail-?adresse|mailadresse)\b"
    r"|\bfehler in (?:meiner|der) (?:e-?mail|mail|adresse|e-?mail-?adresse|mailadresse)\b"
    r"|\b(?:adresse|e-?mail)\b.{0,20}\b(?:falsch|stimmt nicht|ändern)\b"
)
COLLEAGUE = re.compile(
    r"\b(?:my|our|his|her|\w{1,20}'s) (?:colleague|coworker|co-worker|boss|manager|assistant|secretary|teammate)\b"
    r"|\bon behalf of\b|\bi work with\b|\basked me to (?:check|write|ask|contact|look)\b|\bwriting for\b"
    r"|\b(?:meine?[rnm]?|unsere?[rnm]?) (?:kolleg\w+|chef\w*|mitarbeiter\w*|assisten\w+)\b"
    r"|\beine? kolleg(?:in|e) von\b|\bim (?:namen|auftrag) (?:von|meine\w+)\b"
    r"|\bvertrete (?:sie|ihn|frau|herrn)\b"
)
THANKS = re.compile(r"\b(?:thanks|thank you|thx|cheers|danke|vielen dank|dankeschön|besten dank|merci)\b")
AND_MORE = re.compile(
    r"[?]|\b(?:but|still|however|aber|noch immer|immer noch|trotzdem|leider|please|bitte|can you)\b"
)
IN_ADVANCE = re.compile(r"\b(?:in advance|im voraus|vorab)\b")
ANGRY = re.compile(
    r"\b(?:unacceptable|ridiculous|outrageous|disgrace\w*|fed up|useless|pathetic|appalling|a joke|furious|had enough"
    r"|how many times|still (?:no|nothing|waiting|not)|unverschämt\w*|frechheit|inakzeptabel"
    r"|lächerlich|mir reicht|reicht es|schon wieder|immer noch (?:nichts|nicht|keine?)|stinksauer|zumutung)\b|!!"
)
ORDINALS = {
    name: number
    for number, names in enumerate(
        ("second 2nd zweiten zweite", "third 3rd dritten dritte", "fourth 4th vierten vierte", "fifth 5th fünften"),
        start=2,
    )
    for name in names.split()
}
WRITES = r"\b(?:writ\w+|wrote|ask\w*|contact\w*|messag\w+|mailed|schreib\w*|geschrieben|frage\w*|melde\w*)\b"
NTH = rf"\b({'|'.join(ORDINALS)})"
OFTEN = {
    "twice": 2, "two times": 2, "three times": 3, "four times": 4, "five times": 5,
    "zweimal": 2, "dreimal": 3, "viermal": 4, "fünfmal": 5,
}  # fmt: skip
N_TIMES = rf"\b({'|'.join(OFTEN)})\b"
TIMES = re.compile(
    rf"{NTH} (?:message|e-?mail|mail|nachricht|anfrage)\b|^\W*(?:for the |zum )?{NTH} (?:time|mal)[:,!]"
    rf"|{NTH} (?:time|mal)\b.{{0,40}}{WRITES}|{WRITES}.{{0,40}}{NTH} (?:time|mal)\b"
    rf"|{WRITES}.{{0,25}}{N_TIMES}|{N_TIMES} {WRITES}",
    re.MULTILINE,
)
MACHINE = re.compile(
    r"\s*(?:re: |aw: )?(?:automatic reply|automated reply|auto-?reply|auto(?:matic)? response|out of (?:the )?office"
    r"|abwesenheits\w+|automatische antwort)\b"
)
AWAY = re.compile(
    r"\bi(?: am|'m| will be|'ll be) (?:currently )?(?:out of (?:the )?office|away|on (?:leave|vacation|holiday))\b"
    r"|\bich bin (?:derzeit |zurzeit |bis .{1,20}|vom .{1,30})?(?:nicht im (?:büro|haus)|im urlaub|abwesend)\b"
)
FOOTER = re.compile(
    r"^(?:sent from my .{1,40}|von meinem .{1,30} gesendet|gesendet von .{1,40}|get outlook for .{1,20}|--|[-_ ]*)$"
)
MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def read(messages: Sequence[Said], zone: ZoneInfo, known: Collection[str] = ()) -> Reading:
    """Read these messages of one person, oldest first; `known` are addresses that are theirs or ours."""
    by_people = [said for said in messages if not _is_automatic(said)]
    if not by_people:
        return Reading(topics=frozenset({Topic.AUTOMATIC}) if messages else frozenset())
    text = "\n".join(_words(said.text) for said in by_people)
    counted = [(ORDINALS | OFTEN)[next(filter(None, found.groups()))] for found in TIMES.finditer(text.lower())]
    deadlines = [stated_deadline(said.text, said.at, zone) for said in by_people]
    return Reading(
        language=language_of(text),
        topics=frozenset(_topics(text)),
        deadline=next((moment for moment in reversed(deadlines) if moment), None),
        addresses=tuple(_addresses(text, known))[:MOST_ADDRESSES],
        times_written=max([len(by_people), *counted]),
    )


def _is_automatic(said: Said) -> bool:
    """True for what a machine wrote, by its headers or its opening; a question, or a need, is a person's."""
    words = " ".join(said.text[:MOST_READ].lower().replace("’", "'").split())
    away = AWAY.search(words) and len(words.split()) <= LONGEST_NOTICE and not AND_MORE.search(words)
    return said.automatic or bool(MACHINE.match(words)) or bool(away)


def _words(text: str) -> str:
    """The text without blanks, and without what a telephone adds below it."""
    lines = (" ".join(line.split()) for line in text[:MOST_READ].replace("’", "'").splitlines())
    return "\n".join(line for line in lines if not FOOTER.match(line.lower()))


def _topics(text: str) -> Iterator[Topic]:
    words = text.lower()
    if not any(sign.isalnum() or sign == "?" for sign in words):
        yield Topic.EMPTY
        return
    said = [topic for topic, holds in _rules(words) if holds]
    yield from said
    only_thanks = THANKS.search(words) and not AND_MORE.search(words) and not IN_ADVANCE.search(words)
    if only_thanks and len(words.split()) <= SHORT and not set(said) & ALONE:
        yield Topic.THANKS


ALONE = {Topic.DELETE, Topic.INVOICE, Topic.PASSWORD, Topic.LOGIN, Topic.ADDRESS, Topic.ANGRY}


def _rules(words: str) -> list[tuple[Topic, bool]]:
    return [
        (Topic.DELETE, any(_asks_to_delete(clause) for clause in CLAUSES.split(words))),
        (Topic.INVOICE, bool(INVOICE.search(words))),
        (Topic.PASSWORD, bool(PASSWORD.search(words))),
        (Topic.LOGIN, bool(LOGIN.search(words))),
        (Topic.ADDRESS, bool(ADDRESS.search(words))),
        (Topic.COLLEAGUE, bool(COLLEAGUE.search(words))),
        (Topic.ANGRY, bool(ANGRY.search(words))),
    ]


def _asks_to_delete(clause: str) -> bool:
    return (
        bool(DELETE.search(clause) or DELETED_WANTED.search(clause))
        and not NOT.search(clause)
        and not DELETED_ALREADY.search(clause)
    )


def _addresses(text: str, known: Collection[str]) -> Iterator[str]:
    """Addresses named in a text, each once."""
    seen = {address.lower() for address in known}
    for found in MAIL.finditer(text):
        address = normal_email(found[0].strip(".'-"))
        if address not in seen and is_domain(address.rpartition("@")[2]):
            seen.add(address)
            yield address
