"""Message intake: start a repair first, answer if the account heals, and only then open a ticket."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.database.clock import long_ago
from accounts.models import Account, Event, EventKind, Voice
from accounts.profile.deletion import blot_out
from accounts.signup import ask_for_repair
from accounts.status import Status
from provisioning.emails.rate_limit import mailbox_of
from provisioning.engine import faults
from provisioning.engine.phases import Phase, run_phases
from provisioning.intake.bounces import record_bounce
from provisioning.intake.outbox import owe_letter
from provisioning.models import Step
from support.inbound.threads import keys_in, letter_of, thread_of
from support.models import InboundMail, Incident, Letter, Message, Ticket
from support.tickets.outbox import write
from support.tickets.queue import AWAKE, open_ticket, reopen

GRACE = timedelta(seconds=60)  # what the machine may take to repair it before a person is asked
BATCH = 200
STRANGERS = 50  # at once: they are not to keep the next known person waiting
READING = "reading this message"
STRANGER = gettext_noop(
    "Hello,\n\nYour message has reached us, and a person will read it. We don't have an account with {email}. "
    "If you signed up with another address, please reply and tell us which. To sign up: {site}/signup/\n\n"
    "{product} (automatic). If you reply, a person will read it."
)
TAKEN = gettext_noop(
    "Hello,\n\nYour message has reached us, and a person will read it.\n\n"
    "{product} (automatic). If you reply, a person will read it."
)


def take(email: str, body: str) -> Message:
    """Save a message; nothing is looked up here, so that the answer is the same for any address."""
    return Message.objects.create(email=email, body=body)


def forget(account: Account) -> None:
    """Delete what was written to us from an account's address, also what was not read yet (settings.ON_DELETION).

    Where the mailbox was never proved, it may have been written by somebody else. Words about many stay, but for
    what names them.
    """
    InboundMail.objects.filter(pk__in=Message.objects.filter(account=account).values("mail")).delete()
    if account.mailbox_proven_at:
        forget_address(account.email)
    blot_out(account, Incident.objects.all(), "error")
    blot_out(account, Letter.objects.filter(ticket=None), "subject", "body", "draft")


def forget_address(email: str) -> None:
    """Delete what was written to us from an address, whoever it was filed under."""
    theirs = Message.objects.filter(email=email)
    InboundMail.objects.filter(pk__in=theirs.values("mail")).delete()
    theirs.delete()
    Ticket.objects.filter(email=email).delete()


def settle_messages() -> None:
    """Periodic job: start repairs for new messages, then answer them or open tickets."""
    run_phases(
        [
            Phase("reading what people wrote", begin_repairs, [unsettled]),
            Phase("answering who wrote", end_repairs, [unsettled]),
        ]
    )


def unsettled() -> QuerySet[Message]:
    """Messages to which the machine has not yet done all that is its part."""
    return Message.objects.filter(settled_at=None)


def begin_repairs() -> None:
    """Read new messages, and start the repairs they ask for; known people before strangers.

    Known are those who have an account, or answer a letter of ours. They do not wait for strangers.
    """
    theirs = Account.objects.filter(email__in=[OuterRef("email"), OuterRef("sender")])
    unread = Message.objects.select_for_update(of=["self"], skip_locked=True).filter(settled_at=None, read_at=None)
    known = Exists(theirs) | ~Q(answers="")
    faults.batch(unread.filter(known).order_by("at"), _begin, READING, BATCH)
    faults.batch(unread.filter(~known).order_by("at"), _begin, READING, STRANGERS)


def _begin(message: Message) -> None:
    thread = thread_of(message)
    account = thread.account or _writer(message)
    message.account, message.read_at = account, Now()
    message.ticket = thread.ticket
    message.save(update_fields=["account", "ticket", "read_at"])
    if message.automatic:
        return _set_down(message)
    if account:
        _note(message, account)
        if _may_heal(account):
            ask_for_repair(account)
    if not _is_answered_by_healing(message) or thread.ticket:
        _ask_a_person(message)


def _writer(message: Message) -> Account | None:
    """Account of the writer: by the address the mail is from, or else by the one that an answer goes to."""
    named = {account.email: account for account in Account.objects.filter(email__in=[message.sender, message.email])}
    return named.get(message.sender) or named.get(message.email)


def is_own(message: Message, account: Account) -> bool:
    """True if the account's holder wrote the message.

    False for somebody else, who was forwarded a letter of theirs or answers for them.
    """
    return account.email in (message.email, message.sender)


def _note(message: Message, account: Account) -> None:
    if is_own(message, account):
        shown = "" if message.mail_id or message.message_id else "contact.taken"
        Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.WROTE, shown=shown)
    else:
        Event.objects.create(account=account, voice=Voice.WE, kind=EventKind.MAIL_BY_ANOTHER, detail=message.email)


def _may_heal(account: Account) -> bool:
    return account.is_active and account.status != Status.ACTIVE


def _is_answered_by_healing(message: Message) -> bool:
    """True if the machine's letter, once it works, answers the message.

    That is so if it is their own, of an account that may heal, and surely by a person.
    """
    account = message.account
    return account is not None and _may_heal(account) and is_own(message, account) and not message.unsure


def _set_down(message: Message) -> None:
    """Record automatic mail: kept and noted, never answered, no ticket.

    A bounce counts as one if the letter that came back is one of ours.
    """
    answered = letter_of(keys_in(message.answers)) if message.bounce else None
    if answered:
        _came_back(answered, f"the email came back: {message.body}"[:500])
    elif message.account:
        Event.objects.create(
            account=message.account, voice=Voice.WE, kind=EventKind.MAIL_AUTOMATIC, detail=message.body[:300]
        )
    message.settled_at = Now()
    message.save(update_fields=["settled_at"])


def _came_back(letter: Letter | Step, reason: str) -> None:
    """Handle a bounce: what the desk wrote is owed again, and its ticket opened again.

    If it came back from the address of their account, that is recorded with the account, which tells them there.
    """
    account = letter.account if isinstance(letter, Step) else letter.ticket and letter.ticket.account
    if account and (isinstance(letter, Step) or letter.to.lower() == account.email):
        record_bounce(account, reason)
    if isinstance(letter, Letter) and not letter.automatic:
        Letter.objects.filter(pk=letter.pk).update(error=reason, given_up_at=Now(), sent_at=None)
        if letter.ticket:
            reopen(letter.ticket, since=letter.written_at)
            Ticket.objects.filter(pk=letter.ticket.pk, closed_at=None).update(**AWAKE)


def end_repairs() -> None:
    """Answer those whose account healed meanwhile; hand the others to a person."""
    waiting = Message.objects.select_for_update(skip_locked=True).filter(settled_at=None, account__isnull=False)
    over = Q(account__status=Status.ACTIVE) | Q(account__status=Status.FAILED) | long_ago("read_at", GRACE)
    waiting = waiting.filter(over, read_at__isnull=False).order_by("at")
    faults.batch(waiting, _end, "answering this message", BATCH)


def _end(message: Message) -> None:
    if message.account is None or message.account.status != Status.ACTIVE or not message.account.is_active:
        return _ask_a_person(message)
    owe_letter(message.account.pk, "letter.repaired", f"message {message.pk}")
    message.settled_at = Now()
    message.save(update_fields=["settled_at"])


def _ask_a_person(message: Message) -> None:
    email = message.account.email if message.account else message.email
    message.ticket = open_ticket(message.account, email, Ticket.Why.WROTE)
    message.settled_at = Now()
    message.save(update_fields=["ticket", "settled_at"])
    suspended = message.account is not None and not message.account.is_active
    if (message.account is None or suspended) and "@" in message.email and not message.unsure:
        _acknowledge(message, STRANGER if message.account is None else TAKEN)


def _acknowledge(message: Message, words: str) -> None:
    """Acknowledge receipt by mail, at most once a day for each address.

    That no account is there is said by this mail to the writer alone. An address with a plus is not repeated: behind
    it anybody may have typed anything.
    """
    named = message.email if mailbox_of(message.email) == message.email else _("this address")
    body = _(words).format(email=named, site=settings.SITE_URL, product=settings.PRODUCT_NAME)
    occasion = f"stranger {message.email[:80]} {timezone.localdate()}"
    subject = _("Your message to %(product)s") % {"product": settings.PRODUCT_NAME}
    write(message.email, subject, body, occasion, ticket=message.ticket, answers=message.message_id)
