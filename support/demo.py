"""Demo data: a desk of people who do not exist. Made anew each time, and only theirs is removed."""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.models import Attempt, Dependency, Outage, Outcome, State, Step, Workspace
from support.models import Affected, Incident, Letter, Message, Ticket
from support.tickets import queue

SUPPORTER = "jordan@desk.example"
THEIRS = (".demo.example", "@gmial.com", "@desk.example")
CROWD = 40
DOWN = 'the workspace service said 503 {"error": "overloaded"}'
NAMES = [
    *("Ada", "Ben", "Cleo", "Dai", "Eva", "Finn", "Gita", "Hugo", "Ines", "Jan"),
    *("Kira", "Leo", "Mia", "Noor", "Olu", "Pia", "Quin", "Rosa", "Sami", "Tess"),
]
FAMILIES = ["Adeyemi", "Berg", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen"]


def real_accounts() -> bool:
    """True if there is an account that is neither staff nor demo data."""
    people = Account.objects.filter(is_staff=False)
    for end in THEIRS:
        people = people.exclude(email__endswith=end)
    return people.exists()


@transaction.atomic
def fill(password: str) -> None:
    """Replace the demo data, with a support person who logs in with `password`."""
    now = timezone.now()
    clear()
    hire(password)
    an_outage(now)
    a_bounced_address(now)
    an_angry_writer(now)
    a_deadline(now)
    a_debt(now)
    another_password(now)
    a_stranger()
    some_that_heal(now)
    some_that_healed(now)
    one_who_is_owed_a_word(now)
    queue.take_over_given_up()
    queue.refresh_these(Ticket.objects.filter(closed_at=None))


def clear() -> None:
    """Delete all demo data, and the workspace incidents that are left without people."""
    for end in THEIRS:
        Letter.objects.filter(to__endswith=end).delete()
        Ticket.objects.filter(email__endswith=end).delete()
        Account.objects.filter(email__endswith=end).delete()
    for incident in Incident.objects.filter(dependency="workspace", closed_at=None):
        if not Affected.objects.filter(incident=incident).exists():
            incident.delete()


def hire(password: str) -> None:
    """Create the support person, in the group “support”."""
    jordan = Account(email=SUPPORTER, name="Jordan", is_staff=True, status=Status.ACTIVE)
    jordan.set_password(password)
    jordan.save()
    jordan.groups.add(Group.objects.get_or_create(name="support")[0])


def person(name: str, email: str, status: Status, came: datetime, company: str = "Acme") -> Account:
    """Create an account that signed up at `came`, with the line in its audit log."""
    account = Account.objects.create(
        name=name,
        email=email,
        company=company,
        phone="+49 30 901820",
        status=status,
        status_at=came,
        created_at=came,
        password=make_password(None),
    )
    they(account, EventKind.SIGNED_UP, came, "receipt.heading")
    return account


def they(account: Account, kind: str, at: datetime, shown: str = "") -> None:
    """Add a line in the person's voice to the audit log."""
    Event.objects.create(account=account, voice=Voice.THEY, kind=kind, at=at, shown=shown)


def we(account: Account, kind: str, at: datetime, detail: str = "") -> None:
    """Add a line in our voice to the audit log."""
    Event.objects.create(account=account, voice=Voice.WE, kind=kind, at=at, detail=detail)


def step(account: Account, kind: str, state: State, at: datetime, error: str = "", **more) -> Step:
    """Create a set-up step as it stands since `at`, with its try and the line in the audit log."""
    service = "mail" if kind == "welcome_email" else kind
    done = {"done_at": at, "reference": "made"} if state == State.DONE else {}
    failed = {"error": error, "failed_at": at, "attempts": 3} if error else {}
    row = Step.objects.create(account=account, kind=kind, dependency=service, state=state, **done | failed | more)
    if kind == "workspace" and done:
        Workspace.objects.create(
            account=account, key=row.key, backend="local", reference=row.reference, created_at=at
        )
    outcome = Outcome.DONE if state == State.DONE else Outcome.REFUSED if row.permanent else Outcome.FAILED
    if error or done:
        Attempt.objects.create(step=row, epoch=1, outcome=outcome, error=error, ended_at=at, seconds=0.4)
        we(account, f"{kind}.{outcome}", at, error)
    return row


def wrote(account: Account | None, email: str, at: datetime, body: str) -> Ticket:
    """Create a message, read at `at`, and its ticket."""
    ticket = queue.open_ticket(account, email, Ticket.Why.WROTE)
    Ticket.objects.filter(pk=ticket.pk).update(opened_at=at)
    Message.objects.create(ticket=ticket, account=account, email=email, body=body, at=at, read_at=at, settled_at=at)
    if account:
        they(account, EventKind.WROTE, at, "contact.taken")
    return ticket


def an_outage(now: datetime) -> None:
    """Outage with forty people, given up just before the service came back."""
    began, ended = now - timedelta(minutes=52), now - timedelta(minutes=12)
    service, _made = Dependency.objects.get_or_create(name="workspace")
    Dependency.objects.filter(pk="workspace").update(broken=False, last_ok_at=ended, rate=None)
    Outage.objects.filter(dependency=service, ended_at=None).update(ended_at=ended)
    outage = Outage.objects.create(dependency=service, failure="5xx", error=DOWN, began_at=began, ended_at=ended)
    incident = Incident.objects.filter(dependency="workspace", closed_at=None).first() or Incident.objects.create(
        dependency="workspace", failure="5xx", error=DOWN, outage=outage, began_at=began, ended_at=ended
    )
    for n in range(CROWD):
        name = f"{NAMES[n % len(NAMES)]} {FAMILIES[n % len(FAMILIES)]}"
        came = began + timedelta(seconds=20 * n)
        account = person(name, f"{name.split()[0].lower()}{n}@shop{n}.demo.example", Status.FAILED, came, f"Shop {n}")
        step(account, "welcome_email", State.DONE, came)
        step(account, "workspace", State.DEAD, came + timedelta(minutes=20), DOWN)
        they(account, EventKind.LOOKED, came + timedelta(minutes=1), "waiting.late")
        Affected.objects.create(incident=incident, account=account)


def a_bounced_address(now: datetime) -> None:
    """Account whose e-mail address has a typo, so that the welcome letter bounced."""
    at = now - timedelta(hours=2)
    account = person("Karin Vogel", "karin.vogel@gmial.com", Status.FAILED, at, "Vogel Interiors")
    error = "the mail service said 550 no such mailbox here"
    step(account, "welcome_email", State.DEAD, at, error, permanent=True)
    step(account, "workspace", State.DONE, at)


def an_angry_writer(now: datetime) -> None:
    """Account that was given up, with three failed logins and an angry message."""
    at = now - timedelta(minutes=95)
    account = person("Rob Hart", "rob@hart.demo.example", Status.FAILED, at, "Hart Logistics")
    step(account, "welcome_email", State.DONE, at)
    step(account, "workspace", State.DEAD, at, "a fault in our own code (KeyError)")
    for minutes in (70, 50, 20):
        they(account, EventKind.TRIED_TO_LOG_IN, now - timedelta(minutes=minutes), "login.no_match")
    body = "THIRD TIME. Your page says it's with a person. Nobody has answered. Do you people ever test anything?"
    wrote(account, account.email, now - timedelta(minutes=18), body)


def a_deadline(now: datetime) -> None:
    """Account that was given up and has a deadline in an hour."""
    at = now - timedelta(minutes=75)
    account = person("Mina Okafor", "mina@okafor.demo.example", Status.FAILED, at, "Okafor Studio")
    step(account, "welcome_email", State.DONE, at)
    step(account, "workspace", State.DEAD, at, "the workspace service did not answer in time")
    Account.objects.filter(pk=account.pk).update(needed_by=now + timedelta(hours=1), needed_because="a presentation")
    wrote(account, account.email, now - timedelta(minutes=25), "I present to a client in an hour. Please.")


def a_debt(now: datetime) -> None:
    """Account that was let in with a debt, which is overdue."""
    at = now - timedelta(days=3)
    account = person("Piet Jansen", "piet@jansen.demo.example", Status.ACTIVE, at, "Jansen & Zn")
    step(account, "welcome_email", State.DONE, at)
    tomorrow, yesterday = now + timedelta(days=1), now - timedelta(days=1)
    step(account, "workspace", State.WAIVED, at, DOWN, pay_by=yesterday, due_at=tomorrow)


def another_password(now: datetime) -> None:
    """Account that signed up again with another password and cannot log in."""
    at = now - timedelta(hours=5)
    account = person("Lena Brandt", "lena@brandt.demo.example", Status.ACTIVE, at, "Brandt GmbH")
    step(account, "welcome_email", State.DONE, at)
    step(account, "workspace", State.DONE, at)
    they(account, EventKind.SIGNED_UP_WITH_OTHER_PASSWORD, now - timedelta(hours=1), "receipt.heading")
    body = "I signed up again and now my password does not work."
    wrote(account, account.email, now - timedelta(minutes=55), body)


def a_stranger() -> None:
    """Message from an address without an account, next to an account with one very like it."""
    now = timezone.now()
    account = person("Dana Sommer", "dana@acne.demo.example", Status.ACTIVE, now - timedelta(minutes=20))
    step(account, "welcome_email", State.DONE, now)
    step(account, "workspace", State.DONE, now)
    wrote(None, "dana@acme.demo.example", now - timedelta(minutes=10), "It says my password is wrong. It is not.")


def some_that_heal(now: datetime) -> None:
    """Five accounts in set-up, which need nobody."""
    for n in range(5):
        account = person(f"Nora Weiss {n + 1}", f"nora{n}@weiss.demo.example", Status.EMAIL_SENT, now, "Weiss")
        step(account, "welcome_email", State.DONE, now)
        step(account, "workspace", State.OPEN, now, "", due_at=now + timedelta(minutes=30))


def some_that_healed(now: datetime) -> None:
    """Six accounts that failed once and work."""
    at = now - timedelta(hours=3)
    for n in range(6):
        account = person(f"Otto Lang {n + 1}", f"otto{n}@lang.demo.example", Status.ACTIVE, at, "Lang")
        we(account, "workspace.failed", at, DOWN)
        step(account, "welcome_email", State.DONE, at)
        step(account, "workspace", State.DONE, at + timedelta(minutes=4))


def one_who_is_owed_a_word(now: datetime) -> None:
    """Account that is owed a personal apology.

    They came five times, were told that it had failed, and their deadline had passed when it worked.
    """
    came, ready = now - timedelta(hours=6), now - timedelta(hours=1)
    account = person("Ingrid Moe", "ingrid@moe.demo.example", Status.ACTIVE, came, "Moe Design")
    Account.objects.filter(pk=account.pk).update(
        status_at=ready, needed_by=now - timedelta(hours=3), needed_because="a pitch"
    )
    step(account, "welcome_email", State.DONE, came)
    made = step(account, "workspace", State.DONE, ready)
    for n in range(3):
        at = came + timedelta(minutes=10 * n)
        Attempt.objects.create(step=made, epoch=n + 2, outcome=Outcome.FAILED, error=DOWN, ended_at=at, seconds=0.4)
        we(account, "workspace.failed", at, DOWN)
    for n in range(5):
        they(account, EventKind.LOGGED_IN, came + timedelta(minutes=30 * (n + 1)), "waiting.gave_up")
