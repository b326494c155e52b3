"""Conversation with one person: their messages and our letters as one thread, oldest first.

A long one is folded, never cut: what they wrote is there to be read in full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Account
from provisioning.kinds import label_of
from provisioning.models import State, Step
from support.inbound.file_views import with_files
from support.models import Letter, Message, Ticket

OPEN = 10  # entries that are read without a click
MOST = 50  # entries of a page, unless all are asked for
ALL = 2000
LONG = 1200  # characters after which an entry is folded
LETTER_KINDS = "letter."


@dataclass(frozen=True)
class Entry:
    """One message of theirs or one letter of ours; `first` is read at once, `rest` by a click."""

    at: datetime
    who: str
    body: str
    ours: bool = False
    subject: str = ""
    state: str = ""
    hidden: bool = False
    elsewhere: str = ""
    mail: dict = field(default_factory=dict)

    @property
    def first(self) -> str:
        return self.body[: _fold(self.body)].rstrip()

    @property
    def rest(self) -> str:
        return self.body[_fold(self.body) :].strip()


def _fold(body: str) -> int:
    """Position at which a long text is folded: between two words, if there is a place for it."""
    if len(body) <= LONG + LONG // 4:
        return len(body)
    return max(body.rfind(" ", 0, LONG), body.rfind("\n", 0, LONG), LONG // 2)


def conversation(
    account: Account | None,
    ticket: Ticket | None,
    viewer: Account,
    steps: Iterable[Step] = (),
    *,
    whole: bool = False,
) -> dict:
    """Template context of a thread: `earlier` entries stand behind a click, `open` ones in full.

    `more`: there are older ones, on the page that shows all.
    """
    most = ALL if whole else MOST
    entries = [*_theirs(account, ticket, viewer, most + 1), *_ours(account, ticket, viewer, steps, most + 1)]
    entries = sorted(entries, key=lambda entry: entry.at)
    shown = entries[-most:]
    return {"earlier": shown[:-OPEN], "open": shown[-OPEN:], "more": len(entries) > most}


def _tickets(account: Account | None, ticket: Ticket | None):
    """Tickets of this person, closed ones included; a stranger is known by the address."""
    if account:
        return Ticket.objects.filter(account=account)
    return Ticket.objects.filter(account=None, email=ticket.email if ticket else "")


def _theirs(account: Account | None, ticket: Ticket | None, viewer: Account, most: int) -> list[Entry]:
    if not viewer.has_perm("support.view_ticket"):
        return []
    of_them = {"account": account} if account else {"ticket__in": _tickets(None, ticket)}
    rows = Message.objects.filter(**of_them).select_related("ticket").order_by("-at", "-pk")[:most]
    answered = account.email if account else ticket.email if ticket else ""
    return [_entry_of(mail, answered, account) for mail in with_files(list(rows))]


def _entry_of(mail: dict, answered: str, account: Account | None) -> Entry:
    message: Message = mail["message"]
    known = account is not None and answered in (message.email, message.sender)
    return Entry(
        message.at,
        account.name if account and known else message.sender or message.email or _("no address"),
        message.body,
        subject=message.subject,
        hidden=bool(message.ticket and message.ticket.abusive),
        elsewhere=message.email if message.email != answered else "",
        mail=mail,
    )


def _ours(
    account: Account | None, ticket: Ticket | None, viewer: Account, steps: Iterable[Step], most: int
) -> list[Entry]:
    """Letters to this person, not those about them to staff: the desk's in full, the machine's by their name."""
    if not viewer.has_perm("support.view_letter"):
        return []
    letters = Letter.objects.filter(ticket__in=_tickets(account, ticket)).exclude(
        automatic=True, author__isnull=False
    )
    found = [
        Entry(
            letter.written_at,
            letter.author.name if letter.author else _machine(),
            letter.body,
            ours=True,
            subject=letter.subject,
            state=_state_of(letter),
        )
        for letter in letters.select_related("author").order_by("-written_at", "-pk")[:most]
    ]
    sent = [step for step in steps if step.kind.startswith(LETTER_KINDS) and step.state == State.DONE]
    return found + [_by_name(step, step.done_at) for step in sent if step.done_at]


def _machine() -> str:
    return _("%(product)s (automatic)") % {"product": settings.PRODUCT_NAME}


def _by_name(step: Step, at: datetime) -> Entry:
    name, words = label_of(step.kind), str(step.facts.get("words", ""))
    who = _("Support") if words else _machine()
    return Entry(at, who, words or name, ours=True, subject=name if words else "")


def _state_of(letter: Letter) -> str:
    if letter.sent_at:
        return ""
    if letter.given_up_at:
        return _("refused: %(why)s") % {"why": letter.error}
    return _("not handed over yet") + (f" ({letter.error})" if letter.error else "")
