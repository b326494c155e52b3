"""Notice that it works, for those who had to wait: who is owed it, and what it says of their own wait."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.database.existence import which_exist
from accounts.models import PROVEN_DOORS, Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.emails.recipients import LATE_PAGES, welcomed_late
from provisioning.emails.voice import IT_WORKS
from provisioning.intake.outbox import owe_letter
from provisioning.kinds import WELCOME, label_of
from provisioning.models import State, Step
from provisioning.unknown_kinds import counted

LONG = timedelta(minutes=5)
LATELY = timedelta(days=1)  # a worker may have been away
BATCH = 500


def fetch_ready() -> None:
    """Owe the notice to those who became active lately, after a wait, and to whom a debt was paid."""
    active, paid = which_exist(active_lately, paid_lately)
    if active:
        _tell_of_the_wait()
    if paid:
        _tell_of_paid_debts()


def active_lately() -> QuerySet[Account]:
    """Accounts that became active lately."""
    return Account.objects.filter(status=Status.ACTIVE, status_at__gt=Now() - LATELY, is_active=True, canary=False)


def paid_lately() -> QuerySet[Step]:
    """Steps of which somebody was let in without them, and that are there since lately."""
    return Step.objects.of_setup().filter(pay_by__isnull=False, state=State.DONE, done_at__gt=Now() - LATELY)


def _tell_of_the_wait() -> None:
    told = Step.objects.filter(account=OuterRef("pk"), kind__in=("letter.ready", "letter.repaired"))
    theirs = Event.objects.filter(account=OuterRef("pk"), voice=Voice.THEY)
    waited = Q(status_at__gt=F("created_at") + LONG) | Exists(theirs.filter(shown__in=LATE_PAGES))
    welcomed = Exists(welcomed_late().filter(account=OuterRef("pk")))
    ready = active_lately().filter(
        waited | welcomed | Exists(theirs.filter(kind=EventKind.WROTE)),
        ~Exists(told),
    )
    for account in ready.order_by("status_at")[:BATCH]:
        if _is_news(account):
            owe_letter(account.pk, "letter.ready", "ready")


def _is_news(account: Account) -> bool:
    """True if the notice says something new.

    Not if something is owed still, and not if the welcome email came last: then that is the news.
    """
    steps = list(Step.objects.of_setup().filter(counted(), account=account).order_by("done_at"))
    return bool(steps) and all(step.state == State.DONE for step in steps) and steps[-1].kind != WELCOME


def _tell_of_paid_debts() -> None:
    """Owe the notice to those who were let in without something that is there by now."""
    debts = Step.objects.of_setup().unpaid().filter(account=OuterRef("account"))
    told = Step.objects.filter(account=OuterRef("account"), kind="letter.ready", occasion="paid")
    of_active = paid_lately().filter(
        ~Exists(debts), ~Exists(told), account__status=Status.ACTIVE, account__is_active=True
    )
    for account_id in of_active.values_list("account", flat=True).distinct()[:BATCH]:
        owe_letter(account_id, "letter.ready", "paid")


def wait_of(step: Step, _now: datetime) -> dict:
    """Facts of the wait of an email's recipient, as things are now.

    When they signed up, how long it took, how often they came meanwhile, whether our pages said that it was late or
    had failed, the deadline that was missed, and what they were let in without.
    """
    account = step.account
    debts = Step.objects.of_setup().filter(account=account, pay_by__isnull=False, state=State.DONE)
    until = max([account.status_at, *(debt.done_at for debt in debts if debt.done_at)])
    theirs = Event.objects.filter(account=account, voice=Voice.THEY, at__lte=account.status_at)
    missed = account.needed_by and account.needed_by < account.status_at
    return {
        "moments": {"came": account.created_at.isoformat()}
        | ({"needed": account.needed_by.isoformat()} if missed and account.needed_by else {}),
        "spans": {"waited": (until - account.created_at).total_seconds()},
        "doors": theirs.filter(kind__in=PROVEN_DOORS).count(),
        "saw_late": theirs.filter(shown__in=LATE_PAGES).exists(),
        "saw_failed": theirs.filter(shown="waiting.gave_up").exists(),
        "wrote": theirs.filter(kind=EventKind.WROTE).exists(),
        "what": [str(label_of(debt.kind)) for debt in debts],
    }


FACTS = dict.fromkeys(IT_WORKS, wait_of)
