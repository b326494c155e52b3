"""Models of the support room: tickets, mail, letters, promises, notes, incidents, trust, reviews, desk."""

from support.models.actions import Press
from support.models.codes import RecoveryCode
from support.models.desk import Away, DayLetter, Desk, the_desk
from support.models.incidents import Affected, Incident, Recovery, Turn
from support.models.letters import Letter
from support.models.mail import Attachment
from support.models.notes import Note, SavedReply
from support.models.promises import Promise
from support.models.reviews import Question
from support.models.tickets import InboundMail, Message, Ticket
from support.models.trust import Lost, TrustRepair

__all__ = [
    "Affected",
    "Attachment",
    "Away",
    "DayLetter",
    "Desk",
    "InboundMail",
    "Incident",
    "Letter",
    "Lost",
    "Message",
    "Note",
    "Press",
    "Promise",
    "Question",
    "Recovery",
    "RecoveryCode",
    "SavedReply",
    "Ticket",
    "TrustRepair",
    "Turn",
    "the_desk",
]
