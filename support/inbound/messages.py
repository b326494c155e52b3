"""Inbound mail processing: each mail is parsed by itself in a child process and saved as a message.

The sweep runs it, and can give the child up. Whatever is in a mail, it becomes a message: where nothing can be made
of it, with its plain beginning.
"""

import re
import time
from functools import partial
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import Http404

from accounts.models import normal_email
from provisioning.engine import faults
from provisioning.engine.faults import storable
from support.inbound.child import Plain
from support.inbound.mime import LONGEST, Facts
from support.inbound.reader import Found, Reader
from support.inbound.threads import ANSWERABLE
from support.inbound.webhooks import sender_in, service_at
from support.models import Attachment, InboundMail, Message

READING = "reading this mail"
AT_MOST = 2.0  # seconds of one sweep, so that nobody else waits longer
BATCH = 1000
LONGEST_EMAIL = 254
SHOWN = 2000
UNANSWERABLE = "@unreadable.invalid>"
UNREADABLE = "(A mail whose words could not be read.)"
WORDLESS = "(A mail without words.)"


def read_mail() -> None:
    """Periodic job: parse unread mail, of those who have an account first, then the oldest."""
    waiting = faults.without_resting(unread(), READING)
    if not waiting.exists():
        return
    until, turns = time.monotonic() + AT_MOST, 0
    in_order = unread().select_for_update(skip_locked=True).order_by("-known", "at")
    with Reader() as reader:
        while time.monotonic() < until and turns < BATCH and waiting.exists():
            turns += 1 if faults.batch(in_order, partial(_read, reader), READING, 1) else BATCH // 10


def unread() -> QuerySet[InboundMail]:
    """Mail that was taken in and not yet parsed."""
    return InboundMail.objects.filter(read_at=None).defer("posted")


def _read(reader: Reader, mail: InboundMail) -> None:
    posted = bytes(mail.posted)
    found = reader.read(_service(mail), mail.content_type, posted)
    plain = Found(_beginning_of(posted), [])
    faults.attempt(lambda: _keep_all(mail, found or [plain]), lambda _error: _keep_all(mail, [plain]))
    mail.read_at = Now()
    mail.save(update_fields=["read_at"])


def _service(mail: InboundMail) -> type:
    """Webhook view that parses this mail; `Plain` if its service has been taken out of the settings since."""
    try:
        return type(service_at(mail.hook))
    except Http404:
        return Plain


def _keep_all(mail: InboundMail, found: list[Found]) -> None:
    for one in found:
        _keep(mail, one)


def _keep(mail: InboundMail, found: Found) -> None:
    """Save a mail as a message, unless the very same one is there: a mail that is delivered twice is one."""
    facts = found.facts
    email, sender = address(facts.email), address(facts.sender)
    subject, body = storable(facts.subject, 300), storable(facts.body, LONGEST).strip()
    message = Message(
        mail=mail,
        at=mail.at,
        email=email,
        sender=sender if sender != email else "",
        subject=subject,
        body=body or subject or WORDLESS,
        whole=storable(facts.whole, LONGEST),
        message_id=id_of(facts.message_id),
        answers=storable(facts.answers, LONGEST),
        automatic=facts.automatic,
        unsure=facts.unsure,
        bounce=facts.bounce,
    )
    message.fingerprint = fingerprint(message)
    try:
        with transaction.atomic():
            message.save()
    except IntegrityError:
        return
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            name=file_name(name, number),
            kind=storable(kind, 100),
            size=len(content),
            content=content,
        )
        for number, ((name, kind), content) in enumerate(zip(facts.files, found.files, strict=True), 1)
    )


def fingerprint(message: Message) -> str:
    """Deduplication key of a mail, from its Message-ID, address, subject and text; empty without a Message-ID.

    Two people's mails with one Message-ID are two, and so are one person's whose program always says the same.
    """
    what = "\0".join((message.message_id, message.email, message.subject, message.whole))
    return sha256(what.encode()).hexdigest() if message.message_id else ""


def _beginning_of(posted: bytes) -> Facts:
    """Fallback facts for a mail that could not be parsed: its plain beginning.

    A person reads it, and may fetch it as it came.
    """
    text = storable(posted[: 4 * LONGEST], LONGEST)
    email = sender_in(posted)
    return Facts(email=email, body=f"{UNREADABLE}\n\n{text[:SHOWN].strip()}", whole=text, unsure=True)


def address(email: str) -> str:
    """Normalised e-mail address; one that is too long is cut so that it is nobody else's."""
    email = normal_email(storable(email, LONGEST))
    return email if len(email) <= LONGEST_EMAIL else email[: LONGEST_EMAIL - 1] + "…"


def id_of(found: str) -> str:
    """Message-ID of a mail. One that no header could carry is replaced by one made of its digest."""
    found = storable(found, LONGEST)
    if not found or ANSWERABLE.fullmatch(found):
        return found
    return f"<{sha256(found.encode()).hexdigest()}{UNANSWERABLE}"


def file_name(given: str, number: int) -> str:
    """Safe file name of an attachment: no folders, and no marks that turn writing around."""
    name = re.split(r"[/\\]", storable(given, 300))[-1]
    return "".join(char for char in name if char.isprintable()).strip(" .")[-120:] or f"file {number}"


@receiver(post_delete, sender=Message)
def remove_mail(sender, instance: Message, **_) -> None:
    """Delete the raw mail with its message: whoever has everything deleted takes it along."""
    if instance.mail_id:
        InboundMail.objects.filter(pk=instance.mail_id).delete()
