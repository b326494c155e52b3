"""Draft of a personal apology, and warnings about its wording. A missing fact drops its sentence.

Nothing is sent from here. Responsibility first, repair second, one sorry, no “never again”. It says I because only
the agent can send it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from provisioning.humanize import say_span, say_when
from support.trust.harm import DENIALS, Friction


@dataclass(frozen=True)
class Person:
    """Recipient of an apology."""

    first_name: str
    came_at: datetime
    ready_at: datetime
    link: str


def draft(person: Person, found: Friction, sign_off: str, offer: str, now: datetime, zone: ZoneInfo) -> str:
    """Draft of a personal apology, as plain text."""

    def when(moment: datetime) -> str:
        return say_when(moment, now, zone)

    waited = say_span(timedelta(minutes=found.minutes_waited))
    cost = "you missed your deadline because of us" if found.deadline_lost else f"it cost you {waited}"
    story = [
        f"You signed up at {when(person.came_at)}.",
        _tries(found),
        _denial(found),
        f"That was our fault, not yours, and I'm sorry {cost}.",
        "What you typed was right, and it's safe.",
        f"Everything has been working since {when(person.ready_at)}: {person.link}",
    ]
    asks = "Tell me what it cost you, and I'll say plainly what I can put right."
    if not found.deadline_lost:
        asks = "Did it make you miss anything? Tell me what it cost you, and I'll say plainly what I can put right."
    parts = [hello(person.first_name), " ".join(filter(None, story)), asks, offer.strip(), f"– {sign_off}"]
    return "\n\n".join(part for part in parts if part)


def hello(name: str) -> str:
    """Greeting by the first name, where there is one."""
    return f"Hello {name}".strip() + ","


def _tries(found: Friction) -> str:
    if len(found.doors) < 2:
        return "You had to write to us." if found.wrote else ""
    return f"You tried {len(found.doors)} times{' and had to write to us' if found.wrote else ''}."


def _denial(found: Friction) -> str:
    if any(key in DENIALS for key in found.untrue):
        return "One of our pages told you there was no such account. There was: that page was wrong."
    return "One of our pages said it was ready when it was not." if found.untrue else ""


def wording_warnings(words: str) -> list[str]:
    """Warnings about an apology's wording before it is sent; the agent decides."""
    lower, found = words.lower(), []
    if lower.count("sorry") + lower.count("apologi") > 1:
        found.append("One sorry is enough: a second one makes it about us.")
    for phrase in ("never again", "won't happen again", "will not happen again", "inconvenience", "soon", "shortly"):
        if phrase in lower.replace("’", "'"):
            found.append(f"“{phrase}” either promises something nobody can keep, or says nothing.")
    if len(words.split()) > 110:
        found.append("It's long. Say what happened to them, whose fault it was, what works now, and how to answer.")
    return found
