"""Who they are, how far they have got, and what they left at the doors."""

from accounts.addresses import normal_email
from accounts.models.diary import Event, Voice, write_diary
from accounts.models.doors import AccessRequest, MailboxLink, SignupClaim, Tries
from accounts.models.logins import Login, note_login
from accounts.models.people import LONGEST_PHONE, Account, AccountManager, move, new_reference

__all__ = [
    "LONGEST_PHONE",
    "AccessRequest",
    "Account",
    "AccountManager",
    "Event",
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
