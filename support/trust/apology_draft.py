"""Draft of a personal apology in the reader's language, and warnings about its wording.

Nothing is sent from here. Responsibility first, repair second, one sorry, no “never again”. It says I because only
the agent can send it. A missing fact drops its sentence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from support.tickets.wording import Reader, Wording
from support.trust.harm import DENIALS, Friction

SORRY = re.compile(r"\b(?:sorry|apologi|tut (?:mir|uns) (?:sehr )?leid|entschuldig|verzeih)")
EMPTY_WORDS = (
    *("never again", "won't happen again", "will not happen again", "inconvenience", "soon", "shortly"),
    *("nie wieder", "nicht wieder vorkommen", "nicht mehr vorkommen", "unannehmlichkeit", "in kürze", "demnächst"),
    *("zeitnah", "baldmöglichst", "schnellstmöglich"),
)


@dataclass(frozen=True)
class Person:
    """Recipient of an apology."""

    first_name: str
    came_at: datetime
    ready_at: datetime
    link: str


def draft(person: Person, found: Friction, sign_off: str, offer: str, reader: Reader) -> str:
    """Draft of a personal apology, as plain text."""
    say = Wording(reader, login=person.link)
    asks = say("asks_cost_of_it" if found.deadline_lost else "asks_cost")
    story = " ".join(filter(None, _story(say, person, found)))
    return say.letter(person.first_name, [story, asks, offer.strip()], f"– {sign_off}")


def _story(say: Wording, person: Person, found: Friction) -> Iterator[str]:
    yield say("came", came=person.came_at)
    yield say("tried", number=say.times(len(found.doors))) if len(found.doors) > 1 else ""
    yield say("wrote") if found.wrote else ""
    if found.untrue:
        yield say("denied" if any(key in DENIALS for key in found.untrue) else "too_early")
    if found.deadline_lost:
        yield say("sorry_for_deadline")
    else:
        yield say("sorry_for_wait", span=timedelta(minutes=found.minutes_waited))
    yield say("typed")
    yield say("works_since", ready=person.ready_at)


def wording_warnings(words: str) -> list[str]:
    """Warnings about an apology's wording before it is sent, in English and German; the agent decides."""
    lower, found = words.lower().replace("’", "'"), []
    if len(SORRY.findall(lower)) > 1:
        found.append("One sorry is enough: a second one makes it about us.")
    for phrase in EMPTY_WORDS:
        if re.search(rf"\b{phrase}", lower):
            found.append(f"“{phrase}” either promises something nobody can keep, or says nothing.")
    if len(words.split()) > 110:
        found.append("It's long. Say what happened to them, whose fault it was, what works now, and how to answer.")
    return found
