"""Posting the desk's own letters: claimed, handed over, settled, by the sweep and never in a request."""

import smtplib
from datetime import timedelta
from email.errors import MessageError
from email.utils import formataddr, parseaddr
from functools import partial
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.clock import due as has_come
from accounts.models import Account
from provisioning import faults, outages, retry
from support.models import Affected, Incident, Letter, Ticket
from support.threads import ANSWERABLE
from support.words import clock_words

AT_ONCE = 20
LEASE = timedelta(seconds=60)
MAIL = "mail"
POSTING = "posting this letter"
# What Django and Python raise over an address or a header that no letter can carry.
UNWRITABLE = (ValueError, MessageError, LookupError, AttributeError, TypeError, smtplib.SMTPNotSupportedError)


def write(to: str, subject: str, body: str, occasion: str, **more) -> bool:
    """Owe a letter, once for each occasion. False: that one was written already."""
    letter = Letter(to=to, subject=" ".join(subject.split())[:200], body=body, occasion=occasion, **more)
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    return Letter.objects.filter(key=letter.key).exists()


def post() -> None:
    """Hand over what is due. Stops where the service fails: the others would only wait for the same silence."""
    due = Letter.objects.filter(has_come("due_at", _furthest()), sent_at=None, given_up_at=None)
    awake = faults.without_resting(due, POSTING)
    pks = list(awake.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE])
    if not pks or MAIL in outages.broken_now():
        return
    silent: list[int] = []
    for pk in pks:
        faults.turn(Letter, pk, partial(_post, due.filter(pk=pk), silent), POSTING, whole=False)
        if silent:
            return


def _post(due: QuerySet[Letter], silent: list[int]) -> None:
    letter = due.select_related("author", "ticket").first()
    claimed = letter and due.update(due_at=Now() + LEASE, attempts=F("attempts") + 1)
    if letter and claimed and not _hand_over(letter):
        silent.append(letter.pk)


def _furthest() -> timedelta:
    """How far ahead the next try of an unsent letter can lie."""
    return max(LEASE, timedelta(seconds=max(settings.SETUP_RETRY_SECONDS)))


def _hand_over(letter: Letter) -> bool:
    """False: the service fails, whoever is written to. What is wrong with this one letter holds up no other."""
    try:
        compose(letter).send()
    except UNWRITABLE as error:
        _failed(letter, error, refused=True)
        return True
    except (smtplib.SMTPException, OSError) as error:
        _failed(letter, error, refused=isinstance(error, smtplib.SMTPRecipientsRefused))
        return False
    Letter.objects.filter(pk=letter.pk).update(sent_at=Now(), error="")
    return True


def _failed(letter: Letter, error: Exception, refused: bool) -> None:
    waits = settings.SETUP_RETRY_SECONDS
    again = timedelta(seconds=retry.wait_after(letter.attempts + 1, waits))
    Letter.objects.filter(pk=letter.pk).update(
        error=faults.storable(error) or type(error).__name__,
        due_at=Now() + again,
        given_up_at=Now() if refused else None,
    )


def compose(letter: Letter) -> EmailMessage:
    headers = {"Message-ID": message_id(letter)}
    if ANSWERABLE.fullmatch(letter.answers):
        headers |= {"In-Reply-To": letter.answers, "References": letter.answers}
    if letter.automatic:
        headers["Auto-Submitted"] = "auto-generated"
    return EmailMessage(
        subject=letter.subject,
        body=letter.body,
        from_email=sender(letter.author),
        to=[letter.to],
        reply_to=[settings.SUPPORT_EMAIL],
        headers=headers,
    )


def sender(author: Account | None) -> str:
    """Her name and the desk's address, so that an answer comes back to the ticket."""
    name, address = parseaddr(settings.SUPPORT_EMAIL)
    return formataddr((author.name if author else name or "Arrivals", address))


def message_id(letter: Letter) -> str:
    return f"<{letter.key}@{parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition('@')[2]}>"


def key_in(message_id: str) -> str:
    """The key of a letter of ours, from its Message-ID."""
    return message_id.strip().strip("<>").partition("@")[0]


def tell_support(incident: Incident) -> None:
    """One letter to the support person for one incident, however many people it touches."""
    occasion = f"incident {incident.pk}"
    people = Affected.objects.filter(incident=incident).count()
    if people and not Letter.objects.filter(occasion=occasion).exists():
        since = clock_words(incident.began_at)
        write(
            parseaddr(settings.SUPPORT_EMAIL)[1],
            _("%(service)s fails: %(people)s people wait") % {"service": incident.dependency, "people": people},
            _(
                "Since %(since)s: %(error)s.\n\nPeople waiting: %(people)s. They are one item on the desk: %(desk)s\n"
                "It is asked again by itself, and nobody's tries are spent."
            )
            % {"since": since, "error": incident.error, "people": people, "desk": f"{settings.SITE_URL}/admin/"},
            occasion,
        )


def tell_owner(ticket: Ticket, actor: Account, reason: str) -> None:
    write(
        parseaddr(settings.OWNER_EMAIL)[1],
        _("Handed over to you: %(who)s") % {"who": ticket.email},
        _("%(name)s hands this over to you:\n\n%(reason)s\n\n%(link)s")
        % {"name": actor.name, "reason": reason, "link": f"{settings.SITE_URL}/admin/?ticket={ticket.pk}"},
        f"handed over {ticket.pk} {uuid4()}",
        ticket=ticket,
        author=actor,
    )
