"""What the desk deletes when it is older than RETENTION_DAYS says: closed tickets, mail as it came, letters sent."""

from django.db.models import QuerySet

from accounts.profile.retention import Kept
from support.models import InboundMail, Letter, Message, Ticket


def _closed() -> QuerySet[Ticket]:
    """Closed tickets; their messages, letters and promises go with them."""
    return Ticket.objects.filter(closed_at__isnull=False)


def _read() -> QuerySet[InboundMail]:
    """Raw mail that was read; what was read of it stays with its message."""
    return InboundMail.objects.filter(read_at__isnull=False)


def _answered() -> QuerySet[Message]:
    """Messages that needed no ticket."""
    return Message.objects.filter(settled_at__isnull=False, ticket=None)


def _sent() -> QuerySet[Letter]:
    """Letters that belong to no ticket: digests, words to staff."""
    return Letter.objects.filter(sent_at__isnull=False, ticket=None)


TABLES = {
    "tickets": Kept(_closed, "closed_at"),
    "mail": Kept(_read, "read_at"),
    "messages": Kept(_answered, "settled_at"),
    "letters": Kept(_sent, "sent_at"),
}
