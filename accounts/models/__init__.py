"""Models of the account room: accounts and their status, the audit log, claims, links, rate limits and sessions."""

from accounts.models.access import AccessRequest, HashInUse, MailboxLink, SignupClaim, Tries
from accounts.models.account import LONGEST_PHONE, Account, AccountManager, move, new_reference
from accounts.models.events import DOORS, NEWS, PROVEN_DOORS, Event, EventKind, Voice, write_diary
from accounts.models.logins import Login, note_login
from accounts.text.addresses import normal_email

__all__ = [
    "DOORS",
    "LONGEST_PHONE",
    "NEWS",
    "PROVEN_DOORS",
    "AccessRequest",
    "Account",
    "AccountManager",
    "Event",
    "EventKind",
    "HashInUse",
    "Login",
    "MailboxLink",
    "SignupClaim",
    "Tries",
    "Voice",
    "move",
    "new_reference",
    "normal_email",
    "note_login",
    "write_diary",
]
