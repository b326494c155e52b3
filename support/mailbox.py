"""Mail that comes in, by anymail's webhooks: saved as it is, looked at by the sweep."""

import re
from email.message import EmailMessage

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, inbound
from django.dispatch import receiver
from mailparser_reply import EmailReplyParser

from accounts.models import normal_email
from support.models import Message

LONGEST = 100_000
LANGUAGES = ["en", "de", "fr", "es"]


@receiver(inbound)
def take_mail(sender, event: AnymailInboundEvent, esp_name, **kwargs) -> None:
    """One row; a mail that is delivered twice is the same row."""
    mail = event.message
    message = Message(
        email=normal_email(address_of(mail))[:254],
        body=written_in(mail)[:LONGEST],
        whole=text_of(mail)[:LONGEST],
        message_id=str(mail.get("Message-ID", ""))[:998],
        answers=answers_of(mail)[:LONGEST],
        automatic=is_automatic(mail),
        bounce=is_bounce(mail),
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)


def address_of(mail: AnymailInboundMessage) -> str:
    sender = mail.from_email
    sender = sender[0] if isinstance(sender, list) else sender
    return sender.addr_spec if sender else (mail.envelope_sender or "")


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
