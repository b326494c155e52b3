"""What the one person who helps has before her."""

from support.models.desk import Away, DayLetter, Desk, the_desk
from support.models.promises import Promise
from support.models.tickets import Message, Ticket
from support.models.trust import Lost, TrustRepair
from support.models.why import Question

__all__ = ["Away", "DayLetter", "Desk", "Lost", "Message", "Promise", "Question", "Ticket", "TrustRepair", "the_desk"]
