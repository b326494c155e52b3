"""Messages as people write them, with the reply that is drafted for each; docs/drafts.md is made of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from accounts.models import Account, Event, Voice
from accounts.status import Status
from provisioning.models import Dependency, State, Step
from support.desk.reply_context import what_was_read
from support.desk.reply_drafts import Case, draft
from support.diagnosis.findings import Facts, Trouble, diagnose
from support.diagnosis.message_reading import Said, read
from support.models import TrustRepair
from support.trust.harm_so_far import Written, harm_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "drafts.md"
LISBON = ZoneInfo("Europe/Lisbon")
AUTHOR = "Jordan"
NOON = datetime(2026, 11, 25, 12, 10, tzinfo=LISBON)  # a Wednesday
EARLY = NOON.replace(hour=9, minute=14)
MONDAY = NOON - timedelta(hours=49)
Level, Owed = TrustRepair.Level, TrustRepair.State


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


AT_ONCE = EARLY + minutes(1)


def dana(email="dana@acme.example", **fields) -> Account:
    named = {"name": "Dana Sommer", "phone": "+49 30 901820", "created_at": EARLY, "status_at": EARLY}
    return Account(email=email, **named | fields)


def works(came: datetime = EARLY, ready: datetime = AT_ONCE, **fields) -> Account:
    return dana(status=Status.ACTIVE, created_at=came, status_at=ready, mailbox_proven_at=ready, **fields)


def failed_step(kind="workspace", state=State.OPEN, **fields) -> Step:
    at = {"failed_at": EARLY, "due_at": NOON + minutes(4), "error": "the workspace service said 503"}
    return Step(kind=kind, dependency="mail" if "mail" in kind else "workspace", state=state, **at | fields)


def they(kind: str, at: datetime, shown: str = "") -> Event:
    return Event(voice=Voice.THEY, kind=kind, at=at, shown=shown)


def we(kind: str, at: datetime) -> Event:
    return Event(voice=Voice.WE, kind=kind, at=at)


def down() -> dict:
    service = Dependency(name="workspace", broken=True, probe_at=NOON + minutes(2))
    return {
        "steps": [failed_step()],
        "services": {"workspace": service},
        "troubles": {"workspace": Trouble(EARLY, 8)},
        "events": [we("workspace.outage", EARLY)],
    }


def healing() -> dict:
    return {"steps": [failed_step()], "events": [we("workspace.failed", EARLY)]}


@dataclass(frozen=True)
class Example:
    """One message, or several of one person, and what is known of who wrote it."""

    title: str
    who: str  # in a line, for the page
    messages: tuple[str, ...]
    account: Account | None = None
    facts: dict = field(default_factory=dict)
    repair: TrustRepair | None = None
    near: str = ""
    named_has_account: bool = False
    automatic: bool = False
    by_another: str = ""
    email: str = "dana@acme.example"
    promised_for: datetime | None = None

    def case(self) -> Case:
        said = [
            Said(text, NOON - minutes(20 * (len(self.messages) - n) - 10), self.automatic)
            for n, text in enumerate(self.messages)
        ]
        email = self.account.email if self.account else self.email
        reading = read(said, LISBON, {email, self.by_another})
        case = Case(email, AUTHOR, NOON, LISBON, reading)
        if self.account is None:
            return replace(case, near=self.near, named_has_account=self.named_has_account)
        known = Facts(self.account, NOON, **self.facts)
        written = Written(reading.times_written, self.promised_for, reading.deadline)
        harm = harm_of(self.account, known.events, self.repair, written, NOON)
        return replace(case, known=known, finding=diagnose(known), harm=harm, by_another=bool(self.by_another))


TWELVE = [
    Example(
        "Angry, for the third time",
        "Signed up at 9:14; the workspace service has been down since. Nobody has answered yet.",
        (
            "Hi, I signed up this morning. Where is my workspace?",
            "Hello? Is anybody there?",
            "This is the third time I'm writing. Still nothing! This is ridiculous.",
        ),
        dana(mailbox_proven_at=EARLY),
        down(),
    ),
    Example(
        "A deadline in words",
        "Signed up at 9:14; the workspace failed, and is tried again by itself.",
        ("Hi, my sign-up seems to hang. I have a demo with a customer and need to get in by 3pm. Can you help?",),
        dana(mailbox_proven_at=EARLY),
        healing(),
    ),
    Example(
        "Delete my data",
        "Signed up on Monday and waited 46 hours. It works now; a personal word is owed.",
        ("It took you two days. I've gone elsewhere. Please delete my account and all my data.",),
        works(MONDAY, MONDAY + timedelta(hours=46)),
        {"events": [we("workspace.outage", MONDAY)], "steps": [failed_step(state=State.DONE)]},
        TrustRepair(level=Level.PERSONAL, state=Owed.OWED),
    ),
    Example(
        "A question about an invoice, in German",
        "Everything works; last logged in yesterday.",
        ("Guten Tag, wo finde ich die Rechnung für November? Unsere Buchhaltung braucht sie mit Umsatzsteuer.",),
        works(MONDAY, MONDAY + minutes(1), language="de"),
        {"events": [they("logged_in", NOON - timedelta(days=1))]},
    ),
    Example(
        "From another address",
        "Nobody has an account with the address that this came from; somebody has one with the address it names.",
        ("I can't find my account. I signed up with dana.sommer@gmail.com, I think.",),
        named_has_account=True,
    ),
    Example(
        "A colleague",
        "Bo, of the same company, answers an email that went to Dana, who still waits.",
        ("I'm writing on behalf of my colleague Dana, who still can't get in. What is going on?",),
        dana(mailbox_proven_at=EARLY),
        down(),
        by_another="bo@acme.example",
    ),
    Example(
        "A typo in the address",
        "Nobody has an account with dana@acme.example; somebody has one with dana@acme.exampel.",
        ("I never got your email. I think I made a typo in my address when I signed up.",),
        near="dana@acme.exampel",
    ),
    Example(
        "The password",
        "Everything works; last logged in yesterday.",
        ("I can't log in, it says my password is wrong.",),
        works(MONDAY, MONDAY + minutes(1)),
        {"events": [they("logged_in", NOON - timedelta(days=1))]},
    ),
    Example(
        "Thank you",
        "It failed this morning and works now; the personal word was sent an hour ago.",
        ("Thank you, it works now!",),
        works(EARLY, EARLY + minutes(86)),
        {"events": [we("workspace.failed", EARLY)]},
        TrustRepair(level=Level.PERSONAL, state=Owed.SENT),
    ),
    Example(
        "An automatic reply",
        "Everything works.",
        ("Automatic reply: I am out of the office until Friday, 15:00.",),
        works(),
        automatic=True,
    ),
    Example(
        "Empty",
        "Everything works; last logged in yesterday.",
        ("\n\nSent from my iPhone",),
        works(MONDAY, MONDAY + minutes(1)),
        {"events": [they("logged_in", NOON - timedelta(days=1))]},
    ),
    Example(
        "In Polish",
        "Signed up at 9:14; the workspace failed, and is tried again by itself.",
        ("Dzień dobry, nie mogę się zalogować do mojego konta. Czy coś jest nie tak? Proszę o pomoc.",),
        dana(mailbox_proven_at=EARLY, language="pl"),
        healing(),
    ),
]
TWO_MORE = [
    Example(
        "In German, after it works, with a word owed",
        "Signed up at 9:14, was told that there is no such account, wrote, and got in at 10:40.",
        ("Ich hatte um 10 Uhr eine Vorführung, und Sie haben mich nicht hineingelassen. Was war da los?",),
        works(EARLY, EARLY + minutes(86), language="de", needed_by=EARLY + minutes(46)),
        {
            "steps": [failed_step(state=State.DONE)],
            "events": [
                they("wrote", EARLY + minutes(30)),
                they("tried_to_log_in", EARLY + minutes(20), "login.unknown"),
                they("tried_to_log_in", EARLY + minutes(10), "login.unknown"),
                we("workspace.failed", EARLY),
            ],
        },
        TrustRepair(level=Level.PERSONAL, state=Owed.OWED),
    ),
    Example(
        "Nothing that a rule knows",
        "Everything works; last logged in yesterday.",
        ("Do you have an API for exporting the list of our users?",),
        works(MONDAY, MONDAY + minutes(1)),
        {"events": [they("logged_in", NOON - timedelta(days=1))]},
    ),
]

HEAD = """\
# Drafts: what is proposed for which message

What the desk reads in a message by plain rules (`support/diagnosis/message_reading.py`), and the reply it drafts
(`support/desk/reply_drafts.py`). The agent changes the draft as they like; nothing is sent by itself. It is
Wednesday, 12:10, in Lisbon. This page is made by `tests/support/test_reply_drafts.py`, which fails while it is not up
to date; `WRITE_DOCS=1` writes it.
"""


def page() -> str:
    return "\n".join([HEAD, *_chapters(TWELVE), "## And two more\n", *_chapters(TWO_MORE, "#")])


def _chapters(examples: list[Example], deeper: str = "") -> Iterator[str]:
    for example in examples:
        case = example.case()
        yield f"#{deeper}# {example.title}\n\n{example.who}\n"
        yield from (_quoted(text) for text in example.messages)
        lines = what_was_read(case) or ["Nothing that a rule knows."]
        yield "*What was read:*\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"
        words = draft(case)
        yield f"*The draft:*\n\n```text\n{words}\n```\n" if words else "*No draft:* nobody answers a machine.\n"


def _quoted(text: str) -> str:
    shown = " ".join(text.split()) or "(nothing)"
    return f"> {shown}\n"


def is_up_to_date() -> bool:
    made = page()
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(made)
    return PAGE.exists() and PAGE.read_text() == made
