"""What the one person who helps has before her."""

from support.models.incidents import Affected, Incident, Recovery, Turn
from support.models.letters import Letter
from support.models.presses import Press
from support.models.tickets import Message, Ticket

__all__ = ["Affected", "Incident", "Letter", "Message", "Press", "Recovery", "Ticket", "Turn"]
