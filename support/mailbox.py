"""Mail that comes in, by anymail's webhooks: saved as it is, looked at by the sweep."""

import re
from email.message import EmailMessage
from hashlib import sha256

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, inbound
from django.dispatch import receiver
from mailparser_reply import EmailReplyParser

from accounts.models import normal_email
from provisioning import faults
from provisioning.faults import storable
from support.models import Message
from support.threads import ANSWERABLE

LONGEST = 100_000
LONGEST_EMAIL = 254
UNANSWERABLE = "@unreadable.invalid>"
UNREADABLE = "(A mail whose words could not be read.)"
LANGUAGES = ["en", "de", "fr", "es"]


@receiver(inbound)
def take_mail(sender, event: AnymailInboundEvent, esp_name, **kwargs) -> None:
    """One row; a mail that is delivered twice is the same row.

    Each part is read by itself: a header that no library can read costs its own words only, the mail is kept.
    """
    mail = event.message
    message = Message(
        email=faults.read(lambda: address_of(mail), ""),
        body=storable(faults.read(lambda: written_in(mail), UNREADABLE), LONGEST),
        whole=storable(faults.read(lambda: text_of(mail), ""), LONGEST),
        message_id=faults.read(lambda: id_of(mail), ""),
        answers=storable(faults.read(lambda: answers_of(mail), ""), LONGEST),
        automatic=faults.read(lambda: is_automatic(mail), False),
        bounce=faults.read(lambda: is_bounce(mail), False),
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)


def address_of(mail: AnymailInboundMessage) -> str:
    """Whom an answer goes to. One that is too long is cut so that it is nobody else's."""
    sender = mail.from_email
    sender = sender[0] if isinstance(sender, list) else sender
    email = normal_email(storable(sender.addr_spec if sender else (mail.envelope_sender or ""), LONGEST))
    return email if len(email) <= LONGEST_EMAIL else email[: LONGEST_EMAIL - 1] + "…"


def id_of(mail: EmailMessage) -> str:
    """Its Message-ID. One that no header could carry is told apart by its digest."""
    found = storable(mail.get("Message-ID", ""), LONGEST).strip()
    if not found or ANSWERABLE.fullmatch(found):
        return found
    return f"<{sha256(found.encode()).hexdigest()}{UNANSWERABLE}"


def text_of(mail: AnymailInboundMessage) -> str:
    return (mail.text or re.sub(r"<[^>]+>", " ", mail.html or "")).replace("\x00", "")


def written_in(mail: AnymailInboundMessage) -> str:
    """What they wrote, without what they quoted. All of it, if nothing is left."""
    text = text_of(mail)
    latest = EmailReplyParser(languages=LANGUAGES).parse_reply(text=text)
    return (latest or "").strip() or text.strip()


def answers_of(mail: EmailMessage) -> str:
    """The Message-IDs it refers to. A bounce names the letter that came back inside itself."""
    named = [str(mail.get("References", "")), str(mail.get("In-Reply-To", ""))]
    if is_bounce(mail):
        for part in mail.walk():
            named.append(str(part.get("Message-ID", "")))
            text = part.get_content() if part.get_content_maintype() == "text" else ""
            named += re.findall(r"(?im)^message-id:\s*(<[^>]+>)", text)
    return "\n".join(name for name in named if name)


def is_bounce(mail: EmailMessage) -> bool:
    kind = str(mail.get("Content-Type", "")).lower()
    return "delivery-status" in kind or address_says(mail, "mailer-daemon", "postmaster")


def is_automatic(mail: EmailMessage) -> bool:
    """Written by a machine (RFC 3834), by a list, or by a mail server: never to be answered."""
    submitted = str(mail.get("Auto-Submitted", "no")).lower().strip()
    bulk = str(mail.get("Precedence", "")).lower().strip() in ("bulk", "list", "junk", "auto_reply")
    names = {name.lower() for name in mail}
    signs = names & {"x-autoreply", "x-autorespond", "feedback-id"} or any(name.startswith("list-") for name in names)
    nobody = not mail.get("From") or str(mail.get("Return-Path", "")).strip() == "<>"
    machine = address_says(mail, "no-reply", "noreply") or is_bounce(mail)
    return submitted != "no" or bulk or bool(signs) or nobody or machine


def address_says(mail: EmailMessage, *names: str) -> bool:
    sender = str(mail.get("From", "")).lower()
    return any(re.search(rf"(^|[<\s]){name}@", sender) for name in names)
