"""Wording of drafts for the agent (replies, apologies) in the reader's language and time zone.

A fact that is missing drops its sentence, and never leaves a blank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import translation

from provisioning.humanize import city, say_span, say_when
from provisioning.models import Step
from support.diagnosis.findings import plain
from support.tickets.draft_sentences import (
    AND,
    MORE_TIMES,
    QUOTED,
    SENTENCES,
    SMALL_AFTER_COMMA,
    TIMES,
)

LANGUAGES = tuple(SENTENCES)


def language_for(spoken: str) -> str:
    """Language of a draft to somebody who speaks this one: theirs, if drafts can be in it."""
    return spoken if spoken in LANGUAGES else LANGUAGES[0]


@dataclass(frozen=True)
class Reader:
    """Reader of a draft: their language, one of LANGUAGES, and their time zone, at this moment."""

    language: str
    zone: ZoneInfo
    now: datetime


class Wording:
    """Sentences of one draft, with its facts put into words of its language. The time zone is named once."""

    def __init__(self, reader: Reader, **always: str):
        """`always` are facts that any sentence may name."""
        self.reader, self.always, self.zone_named = reader, always, False

    def __call__(self, key: str, **facts) -> str:
        """The sentence of this key; one of its facts is missing: no sentence."""
        if any(fact is None or fact == "" for fact in facts.values()):
            return ""
        words = {name: self._in_words(fact) for name, fact in facts.items()}
        return SENTENCES[self.reader.language][key].format(**self.always | words)

    def _in_words(self, fact) -> str:
        with translation.override(self.reader.language):
            if isinstance(fact, timedelta):
                return say_span(fact)
            if isinstance(fact, datetime):
                return self._moment(fact)
        return str(fact)

    def _moment(self, moment: datetime) -> str:
        words = say_when(moment, self.reader.now, self.reader.zone)
        named = f" ({city(self.reader.zone)})"
        shown, self.zone_named = (words.removesuffix(named) if self.zone_named else words), True
        return shown

    def times(self, number: int) -> str:
        return TIMES[self.reader.language].get(number) or MORE_TIMES[self.reader.language].format(number=number)

    def steps(self, steps: list[Step], words: dict[str, dict[str, str]]) -> str:
        """Steps by their names; one of the platform's own is quoted as it is called."""
        quoted, known = QUOTED[self.reader.language], words[self.reader.language]
        names = dict.fromkeys(known.get(step.kind) or quoted.format(name=plain(step.kind)) for step in steps)
        if not names:
            return ""
        *some, last = names
        return AND[self.reader.language].join([", ".join(some), last] if some else [last])

    def letter(self, name: str, paragraphs: Sequence[str], sign_off: str) -> str:
        """Plain text of a letter; German goes on in small letters after the greeting, unless with a noun or Sie."""
        hello = self("hello", name=name) or self("hello_nobody")
        text = "\n\n".join(part for part in paragraphs if part)
        opener = text.split(" ", 1)[0].rstrip(",")
        if opener in SMALL_AFTER_COMMA.get(self.reader.language, ()):
            text = text[:1].lower() + text[1:]
        return "\n\n".join([hello, text, sign_off])
