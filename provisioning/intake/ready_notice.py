"""Notice that an account is ready, for those who had to wait, in words about what this person went through."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import DOORS, Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.intake.outbox import owe_letter
from provisioning.kinds import WELCOME
from provisioning.models import State, Step
from provisioning.unknown_kinds import counted

LONG = timedelta(minutes=5)
LATE_PAGES = ("waiting.late", "waiting.gave_up")


def fetch_ready() -> None:
    """Owe the notice to those who became active within the hour after a wait.

    A letter that says so is enough, of any sort.
    """
    told = Step.objects.filter(account=OuterRef("pk"), kind__in=("letter.ready", "letter.repaired"))
    saw = Event.objects.filter(account=OuterRef("pk"), voice=Voice.THEY, shown__in=LATE_PAGES)
    wrote = Event.objects.filter(account=OuterRef("pk"), kind=EventKind.WROTE)  # and is answered for that
    ready = Account.objects.filter(
        Q(status_at__gt=F("created_at") + LONG) | Exists(saw),
        ~Exists(told),
        ~Exists(wrote),
        status=Status.ACTIVE,
        status_at__gt=Now() - timedelta(hours=1),
        is_active=True,
    )
    for account in ready.order_by("status_at")[:500]:
        if _is_news(account):
            owe_letter(account.pk, "letter.ready", "ready", facts=what_they_went_through(account))


def _is_news(account: Account) -> bool:
    """True if the notice says something new.

    Not if something is owed still, and not if the welcome letter came last: then that is the news.
    """
    steps = list(Step.objects.of_setup().filter(counted(), account=account).order_by("done_at"))
    return bool(steps) and all(step.state == State.DONE for step in steps) and steps[-1].kind != WELCOME


def what_they_went_through(account: Account) -> dict:
    """Facts of a wait: minutes, doors tried meanwhile, and if our pages said that it was late or failed."""
    theirs = Event.objects.filter(account=account, voice=Voice.THEY, at__lte=account.status_at)
    return {
        "minutes": max(1, round((account.status_at - account.created_at).total_seconds() / 60)),
        "doors": theirs.filter(kind__in=DOORS).count(),
        "saw_late": theirs.filter(shown__in=LATE_PAGES).exists(),
        "saw_failed": theirs.filter(shown="waiting.gave_up").exists(),
    }
