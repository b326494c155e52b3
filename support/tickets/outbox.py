"""Outbox of the desk: each e-mail is saved as a row first, then delivered by the engine with retries.

It goes the way that all letters go: rate limit, circuit breaker, lease and fencing are the engine's.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database.clock import database_now
from accounts.database.clock import due as has_come
from accounts.database.existence import which_exist
from accounts.models import Account
from provisioning.emails.delivery import MAIL, hand_over
from provisioning.emails.rate_limit import Letter as ToCount
from provisioning.emails.rate_limit import stamp
from provisioning.engine import circuit_breaker, faults, retry
from provisioning.engine.attribution import Report
from provisioning.engine.claim import Result, attempt
from provisioning.engine.settle import domain_of, report_of, retry_rule, was_asked
from provisioning.engine.sources import Leased
from support.business_hours import next_opening
from support.diagnosis.remedies import what_to_mend
from support.inbound.threads import ANSWERABLE
from support.labels import clock_words
from support.models import Affected, Desk, Incident, Letter, Ticket, the_desk
from support.tickets import queue

OF_INCIDENT = re.compile(r"incident (\d{1,18})(, to mend)?$")
POSTING = "posting this letter"
UNDO_FOR = timedelta(seconds=10)  # what the agent sends waits for so long, and can be taken back


def write(to: str, subject: str, body: str, occasion: str, **more) -> bool:
    """Owe a letter, once for each occasion (its idempotency key). False: that one was written already."""
    letter = Letter(to=to, subject=" ".join(subject.split())[:200], body=body, occasion=occasion, **more)
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    return Letter.objects.filter(key=letter.key).exists()


class Outbox(Leased):
    """Outbox as a source of the engine (engine/sources.py): letters are claimed, delivered and settled as steps are.

    Those the agent wrote by hand come first, the machine's words to strangers last. The epoch is the fence:
    a failure of an earlier claim says nothing.
    """

    def dependencies(self) -> Iterable[str]:
        return (MAIL,)

    def any_due(self) -> bool:
        return any(which_exist(unsent)) and faults.without_resting(_due(), POSTING).exists()

    def claim(self, _dependency: str, limit: int, _probe: bool) -> list[Letter]:
        """Lease due letters in one statement; where one of them cannot be claimed, one by one."""
        claimed: list[Letter] = []
        if not any(which_exist(unsent)):
            return claimed
        due = faults.awake(_due(), POSTING)
        faults.attempt(
            lambda: claimed.extend(_claim(due, limit)),
            lambda _error: faults.batch(
                due, lambda letter: claimed.extend(_claim(due.filter(pk=letter.pk), 1)), POSTING, limit
            ),
        )
        return claimed

    def perform(self, letter: Letter) -> Result:
        return attempt(letter, lambda: _hand_over(letter))

    def settle(self, results: Sequence[Result]) -> None:
        if results:
            with transaction.atomic():
                rows = {row.pk: row for row in _locked(results)}
                known = [result for result in results if result.step.pk in rows]
                now = database_now()
                _tell_mail([result for result in known if was_asked(result)], now)
                down = circuit_breaker.is_broken(MAIL)
                for result in known:
                    _settle(rows[result.step.pk], result, now, down)

    def ours(self, letter: Letter) -> QuerySet[Letter]:
        return Letter.objects.filter(pk=letter.pk, epoch=letter.epoch, sent_at=None, given_up_at=None)

    def set_aside(self, result: Result, error: Exception) -> None:
        """Note a result that could not be saved.

        A letter that went out must not go out again, whatever else could not be written down.
        """
        faults.note(result.step, POSTING, error)
        if result.failure is None:
            faults.attempt(lambda: self.ours(result.step).update(sent_at=Now()), lambda _error: None)


OUTBOX = Outbox()


def _claim(due: QuerySet[Letter], limit: int) -> list[Letter]:
    rows = due.select_for_update(of=["self"], skip_locked=True).select_related("author", "ticket")
    stranger = Case(When(ticket__isnull=False, ticket__account=None, then=1), default=0)
    letters = list(rows.order_by("automatic", stranger, "due_at")[:limit])
    if letters:
        taken = Letter.objects.filter(pk__in=[letter.pk for letter in letters])
        taken.update(due_at=Now() + settings.SETUP_LEASE, attempts=F("attempts") + 1, epoch=F("epoch") + 1)
    for letter in letters:
        letter.attempts += 1
        letter.epoch += 1
    return letters


def _due() -> QuerySet[Letter]:
    in_time = Q(not_after=None) | Q(not_after__gt=Now())
    longest_wait = timedelta(seconds=max(*settings.SETUP_RETRY_SECONDS, retry.LONGEST_RETRY_AFTER))
    return unsent().filter(in_time, has_come("due_at", max(settings.SETUP_LEASE, longest_wait)))


def unsent() -> QuerySet[Letter]:
    """Letters that are owed, whether due or not."""
    return Letter.objects.filter(sent_at=None, given_up_at=None)


def _locked(results: Sequence[Result]) -> QuerySet[Letter]:
    pks = [result.step.pk for result in results]
    return Letter.objects.select_for_update().filter(pk__in=pks, sent_at=None, given_up_at=None).order_by("pk")


def _hand_over(letter: Letter) -> str:
    # A digest, the note of an incident, or a ticket that is handed over to the owner.
    is_for_staff = letter.automatic and (letter.ticket_id is None or letter.author_id is not None)
    if not is_for_staff:
        stamp(ToCount(letter.key, letter.to, "desk", held=letter.automatic))
    hand_over(compose(_as_things_are(letter)))
    return ""


def _as_things_are(letter: Letter) -> Letter:
    """The letter; that about an incident in words that are true now: mail may have been down since it was written."""
    number = OF_INCIDENT.match(letter.occasion)
    incident = Incident.objects.filter(pk=number[1]).first() if number else None
    if incident:
        letter.subject, letter.body = _incident_words(incident)
        Letter.objects.filter(pk=letter.pk).update(subject=letter.subject, body=letter.body)
    return letter


def _tell_mail(asked: Sequence[Result], now: datetime) -> None:
    if asked:
        circuit_breaker.record(MAIL, [_report(result) for result in asked], now)
    else:
        circuit_breaker.leave_the_probe(MAIL)


def _report(result: Result) -> Report:
    letter: Letter = result.step
    again = letter.attempts > 1 and bool(letter.error)
    return report_of(result, letter.to.lower(), (domain_of(letter.to),), again=again)


def _settle(letter: Letter, result: Result, now: datetime, down: bool) -> None:
    if result.failure is None:
        Letter.objects.filter(pk=letter.pk).update(sent_at=now, error="")
    elif letter.epoch == result.step.epoch:
        after = retry.after_failure(letter.attempts, result.failure, now, down=down, **retry_rule())
        given_up = {} if after.due else {"given_up_at": now}
        error = result.failure.reason if was_asked(result) else letter.error
        Letter.objects.filter(pk=letter.pk).update(
            error=error, attempts=after.attempts, due_at=after.due or now, **given_up
        )
        if given_up and letter.ticket:
            queue.reopen(letter.ticket, since=letter.written_at)


def compose(letter: Letter) -> EmailMessage:
    """E-mail of a letter, with the headers for threading and, if it is automatic, `Auto-Submitted`."""
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
    """From header: the agent's name and the desk's address, so that an answer comes back to the ticket."""
    name, address = parseaddr(settings.SUPPORT_EMAIL)
    return formataddr((author.name if author else name or settings.PRODUCT_NAME, address))


def message_id(letter: Letter) -> str:
    """Message-ID of a letter, made of its key: the same at every try."""
    return f"<{letter.key}@{parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition('@')[2]}>"


def tell_support(incident: Incident) -> None:
    """Send one email to the support person for one incident, however many people it touches; not at night.

    The owner has one, too, where it is we who are refused: that is theirs to mend.
    """
    if not Affected.objects.filter(incident=incident).exists():
        return
    if _may_be_told(the_desk(), timezone.now()):
        _tell_once(settings.SUPPORT_EMAIL, incident, f"incident {incident.pk}")
    if what_to_mend(incident.dependency, incident.failure):
        _tell_once(settings.OWNER_EMAIL, incident, f"incident {incident.pk}, to mend")


def _may_be_told(desk: Desk, now: datetime) -> bool:
    """True if an email about an incident may go to the agent now: nobody is woken who has not asked for it."""
    return desk.wake_at_night or next_opening(now, desk.schedule()) is None


def _tell_once(to: str, incident: Incident, occasion: str) -> None:
    if not Letter.objects.filter(occasion=occasion).exists():
        write(parseaddr(to)[1], *_incident_words(incident), occasion)


def _incident_words(incident: Incident) -> tuple[str, str]:
    """Subject and body of the email about an incident, as it is now."""
    facts = {
        "service": incident.dependency,
        "people": Affected.objects.filter(incident=incident).count(),
        "since": clock_words(incident.began_at),
        "error": incident.error,
        "desk": f"{settings.SITE_URL}/admin/",
    }
    if incident.ended_at:
        subject = _("%(service)s is working again: %(people)s people had to wait")
        facts["ended"] = clock_words(incident.ended_at)
        stands = _("It has been working again since %(ended)s.")
    else:
        subject = _("%(service)s is failing: %(people)s people are waiting")
        stands = _("It's retried automatically, and nobody loses a try.")
    said = _(
        "Hello,\n\nSince %(since)s: %(error)s.\n\nPeople it touched: %(people)s. They're one item on the desk: "
        "%(desk)s\n"
    )
    mend = "" if incident.ended_at else what_to_mend(incident.dependency, incident.failure)
    return subject % facts, "\n\n".join(filter(None, [(said + stands) % facts, mend]))


def tell_owner(ticket: Ticket, actor: Account, reason: str) -> None:
    """Escalate a ticket to the owner by e-mail, with the agent's reason and a link."""
    write(
        parseaddr(settings.OWNER_EMAIL)[1],
        _("Handed over to you: %(who)s") % {"who": ticket.email},
        _("Hello,\n\n%(name)s is handing this over to you:\n\n%(reason)s\n\n%(link)s")
        % {"name": actor.name, "reason": reason, "link": f"{settings.SITE_URL}/admin/?ticket={ticket.pk}"},
        f"handed over {ticket.pk} {uuid4()}",
        ticket=ticket,
        author=actor,
    )
