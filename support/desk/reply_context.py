"""Facts for a drafted reply, and what was read in the messages it answers, in words for the agent."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from accounts.middleware.preferences import zone_of
from accounts.models import Account
from provisioning.humanize import say_when
from support.desk.reply_drafts import LANGUAGES, Case
from support.diagnosis.facts import own_addresses
from support.diagnosis.findings import Facts, Finding
from support.diagnosis.languages import UNKNOWN
from support.diagnosis.message_reading import Reading, Said, Topic, read
from support.models import Desk, Letter, Message, Ticket
from support.trust.harm_so_far import Written, harm_of
from support.trust.newest_word import newest_word

MOST_MESSAGES = 20


def messages_of(ticket: Ticket | None) -> list[Message]:
    """Newest messages of a ticket, oldest first, each with whether it was replied to since (`answered`)."""
    if ticket is None:
        return []
    replies = Letter.objects.filter(ticket=OuterRef("ticket"), automatic=False, written_at__gte=OuterRef("at"))
    found = Message.objects.filter(ticket=ticket).annotate(answered=Exists(replies)).order_by("-at", "-pk")
    return list(reversed(found[:MOST_MESSAGES]))


@dataclass(frozen=True)
class Heard:
    """Messages that wait for an answer, oldest first."""

    messages: list[Message]

    @classmethod
    def of(cls, messages: list[Message]) -> "Heard":
        return cls([message for message in messages if not getattr(message, "answered", False)])

    def read(self, zone: ZoneInfo, *theirs: str) -> Reading:
        said = [Said(f"{m.subject}\n{m.body}".strip(), m.at, m.automatic or m.bounce) for m in self.messages]
        return read(said, zone, {settings.SUPPORT_EMAIL, *theirs, *self.writers})

    def others(self, own: set[str]) -> tuple[str, ...]:
        """Addresses of those who wrote besides the account's holder: a reply goes to them, too."""
        return tuple(sorted({m.email for m in self.messages if not own & {m.email, m.sender} and m.email}))

    @property
    def writers(self) -> set[str]:
        return {address for message in self.messages for address in (message.email, message.sender) if address}


def case_of(
    known: Facts, finding: Finding, ticket: Ticket | None, said: list[Message], desk: Desk, author: str
) -> Case:
    """Case of somebody who has an account; `said` are the messages of the ticket."""
    account, heard = known.account, Heard.of(said)
    own = own_addresses(account, known.events)
    zone = zone_of(account)
    reading = heard.read(zone, account.email)
    written = Written(reading.times_written, ticket.promised_for if ticket else None, reading.deadline)
    return Case(
        email=account.email,
        author=author,
        now=known.now,
        zone=zone,
        reading=reading,
        known=known,
        finding=finding,
        harm=harm_of(account, known.events, newest_word(account, ticket), written, known.now),
        by_another=bool(heard.writers) and not heard.writers & own,
        also_to=heard.others(own),
        offer=desk.offer.strip(),
    )


def case_of_stranger(ticket: Ticket, near: list[Account], said: list[Message], desk: Desk, author: str) -> Case:
    """Case of somebody whose address has no account; `near` are the accounts whose address is much like it."""
    reading = Heard.of(said).read(desk.zone, ticket.email)
    named = Account.objects.filter(email__in=reading.addresses[:1]).exists() if reading.addresses else False
    return Case(
        email=ticket.email,
        author=author,
        now=timezone.now(),
        zone=desk.zone,
        reading=reading,
        near=near[0].email if near else "",
        named_has_account=named,
    )


def what_was_read(case: Case) -> list[str]:
    """Lines for the agent: what the messages say, as far as it was read, and what it proposes."""
    reading = case.reading
    lines = [words for topic, words in _topics(case) if topic in reading.topics]
    if reading.deadline:
        lines.insert(0, _("Needed by: %(when)s") % {"when": say_when(reading.deadline, case.now, case.zone)})
    if reading.addresses:
        lines.append(_("Names another address: %(addresses)s") % {"addresses": ", ".join(reading.addresses)})
    if reading.times_written > 1:
        lines.append(_("Has had to write %(n)s times.") % {"n": reading.times_written})
    if case.by_another:
        lines.append(_("Somebody else wrote this: the reply goes there, and tells nothing of the account."))
    elif case.also_to:
        also = _("The reply goes to %(addresses)s as well: leave out what is nobody else's business.")
        lines.append(also % {"addresses": ", ".join(case.also_to)})
    if reading.language and reading.language not in LANGUAGES:
        name = _("unknown") if reading.language == UNKNOWN else get_language_info(reading.language)["name"]
        lines.append(_("Not in English or German (%(language)s).") % {"language": name})
    return lines


def _topics(case: Case) -> list[tuple[Topic, str]]:
    return [
        (
            Topic.DELETE,
            _("Asks us to delete their data: they can do it themselves, or prove on the phone who they are."),
        ),
        (Topic.INVOICE, _("A question about an invoice: hand it to the owner if you cannot answer it.")),
        (Topic.PASSWORD, _("About the password: they choose a new one themselves, by the link we mail them.")),
        (Topic.LOGIN, _("Says that they cannot log in.")),
        (Topic.ADDRESS, _("About their address: correct it once they have proved who they are.")),
        (Topic.COLLEAGUE, _("Speaks of a colleague.")),
        (Topic.THANKS, _("Says thank you, and asks for nothing.")),
        (Topic.AUTOMATIC, _("Written by a machine: it needs no reply. Close it.")),
        (Topic.EMPTY, _("There are no words in it.")),
        (Topic.ANGRY, _("They are angry: begin with what it cost them.")),
    ]
