"""Delivery of a message to the mail service, and what its answer means: permanent, temporary, an outage.

The one road for every letter.
"""

import re
import smtplib
from email.errors import MessageError

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address
from django.db import connections

from accounts.text.addresses import in_ascii
from provisioning.deadline import deadline
from provisioning.emails import services
from provisioning.exceptions import StepFailed

MAIL = "mail"
# What Django and Python raise over an address or a header that no letter can carry.
UNWRITABLE = (ValueError, MessageError, LookupError, AttributeError, TypeError)
LETTER_SECONDS = 40.0  # for the whole conversation; a reply has EMAIL_TIMEOUT
# Enhanced status codes (RFC 3463) and words that name the recipient's mailbox as the reason, and those that name us.
MAILBOX = re.compile(
    r"\b5\.(1\.[1236]|1\.10|2\.[12])\b|no such (user|mailbox|recipient|address)|(user|mailbox|recipient) unknown"
    r"|unknown (user|mailbox|recipient)|refuses this recipient"
    r"|(user|mailbox|account|recipient|address) (does not exist|not found|is full|disabled)",
    re.I,
)
US = re.compile(r"\b5\.1\.[78]\b|\bsender (address )?(is )?(rejected|refused|denied|blocked|not allowed)", re.I)


def hand_over(message: EmailMessage) -> None:
    """Hand a message over to the mail service. Raises StepFailed.

    The database's connection is given back first: the service may take its time.
    """
    give_back_connections()
    message.to = [_as_it_travels(to) for to in message.to]
    try:
        with deadline(min(LETTER_SECONDS, 2 * settings.SETUP_LEASE.total_seconds())):
            message.send()
    except AnymailError as error:
        raise services.refused(error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise StepFailed(f"the mail service cannot write to that address ({error})", permanent=True) from error
    except smtplib.SMTPException as error:
        raise _refused(error) from error
    except TimeoutError as error:
        raise _no_answer() from error
    except OSError as error:
        reason = f"the mail service could not be reached ({error.strerror or error})"
        raise StepFailed(reason, failure="refused", outage=True) from error
    except UNWRITABLE as error:
        if not can_be_written(message):
            raise StepFailed(f"no email can be sent to that address ({error})", permanent=True) from error
        if not settings.MAIL_SERVICE:
            raise
        reason = f"the mail service answered what we do not understand ({type(error).__name__})"
        raise StepFailed(reason, failure="5xx", outage=True) from error


def _as_it_travels(to: str) -> str:
    """The address with its domain in ASCII (IDNA). Raises StepFailed if it cannot be put into ASCII.

    Django would write straße.example as strasse.example, and é@ as a name that nobody has.
    """
    local, at, domain = to.rpartition("@")
    domain = in_ascii(domain)
    if not (local + domain).isascii():
        raise StepFailed("no email can be sent to that address (it cannot be put into ASCII)", permanent=True)
    return f"{local}{at}{domain}"


def can_be_written(message: EmailMessage) -> bool:
    """True if the mail library makes a letter of the message.

    If so, what it raised was not about the address.
    """
    try:
        message.message().as_bytes()
        return all(sanitize_address(to, "utf-8").isascii() for to in message.recipients())
    except UNWRITABLE:
        return False


def give_back_connections() -> None:
    """Close the database connections of this thread, unless a transaction is open on them."""
    for link in connections.all(initialized_only=True):
        if not link.in_atomic_block:
            link.close()


def _refused(error: smtplib.SMTPException) -> StepFailed:
    """The failure that an SMTP error stands for.

    A 5xx for this recipient or letter is about them; everything else is about the service.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return _answered(code, words, about_them=True)
    if isinstance(error, smtplib.SMTPDataError):
        return _answered(error.smtp_code, error.smtp_error, about_them=True)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _answered(error.smtp_code, error.smtp_error, about_them=False, failure="sender refused")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _answered(error.smtp_code, error.smtp_error, about_them=False, failure="login refused")
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, error.smtp_error, about_them=False)
    if isinstance(error.__context__, TimeoutError):  # smtplib says "unexpectedly closed" of a silence, too
        return _no_answer()
    return StepFailed("the mail service hung up", failure="hung up", outage=True)


def _no_answer() -> StepFailed:
    return StepFailed("the mail service did not answer in time", failure="timeout", outage=True)


def _answered(code: int, words: bytes | str, about_them: bool, failure: str = "") -> StepFailed:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    ours = bool(US.search(said))
    permanent = about_them and not ours and 500 <= code < 600
    return StepFailed(
        f"the mail service said {code} {said}"[:500],
        permanent=permanent,
        failure=failure or ("sender refused" if ours else "5xx" if code >= 500 else "4xx"),
        outage=not permanent,
    )


def names_the_mailbox(reason: str) -> bool:
    """True if a refusal says, in digits or words, that it is about the recipient's mailbox."""
    return bool(MAILBOX.search(reason))
