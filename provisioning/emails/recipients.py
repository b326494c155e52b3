"""Facts of an email's recipient at its hand-over: read from the database, with what other packages know of them.

settings.LETTER_FACTS names tables from an email's kind to a function of its step and the time, which returns facts
for the template, or raises Withdrawn.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Account, Event
from accounts.models import Voice as Speaker
from accounts.status import Status
from provisioning.emails import voice
from provisioning.emails.delivery import MAIL
from provisioning.exceptions import Held, Withdrawn
from provisioning.models import OWED, Outage, State, Step

LATE_PAGES = ("waiting.late", "waiting.gave_up")
Facts = Callable[[Step, datetime], dict]


def facts_now(step: Step) -> dict:
    """Facts for the template of an email, as things are now. Raises Withdrawn, or Held until its turn comes."""
    if step.kind not in voice.NEWS:
        return step.facts
    now = timezone.now()
    ours = voice.Letter(step.kind, step.created_at)
    verdict = voice.verdict(ours, recipient(step), now)
    if verdict.until:
        raise Held(verdict.because, verdict.until)
    if not verdict.hand_over:
        raise Withdrawn(verdict.because)
    return read_facts(step, now)


def read_facts(step: Step, now: datetime) -> dict:
    """Facts of an email as all packages have them now. Raises Withdrawn if one says that its reason is gone."""
    readers = _readers().get(step.kind)
    return _joined([read(step, now) for read in readers], step.facts) if readers else step.facts


def _joined(found: list[dict], fixed: dict) -> dict:
    """Facts of all readers. Of those that were fixed when it was owed, no time stays: it may be another by now."""
    times: dict = {"moments": {}, "spans": {}}
    joined = dict(fixed)
    for facts in found:
        joined |= facts
        for name, those in times.items():
            those |= facts.get(name, {})
    return joined | times


def recipient(step: Step) -> voice.Recipient:
    """The person whom this step's email is for, with the other letters to them."""
    account = step.account
    others = Step.objects.filter(account=account, state__in=(*OWED, State.DONE), dependency=step.dependency)
    rows = others.exclude(pk=step.pk).values_list("kind", "created_at", "done_at", "state")
    late = Event.objects.filter(account=account, voice=Speaker.THEY, shown__in=LATE_PAGES)
    welcomed = welcomed_late().filter(account=account)
    told = [late.aggregate(last=Max("at"))["last"], welcomed.aggregate(last=Max("done_at"))["last"]]
    return voice.Recipient(
        signed_up_at=account.created_at,
        works_since=_works_since(account),
        suspended=not account.is_active,
        mail_back_at=_mail_back_at(),
        given_up=account.status == Status.FAILED,
        told_late_at=max((moment for moment in told if moment), default=None),
        letters=tuple(
            voice.Letter(kind, owed, done if state == State.DONE else None) for kind, owed, done, state in rows
        ),
    )


def behind_now(account: Account) -> Outage | None:
    """Outage behind which this account's set-up waits now, the longest; that of the mail is not told by mail."""
    needs = Step.objects.of_setup().unpaid().filter(account=account).exclude(dependency=MAIL).values("dependency")
    return Outage.objects.filter(ended_at=None, dependency__in=needs).order_by("began_at").first()


def welcomed_late() -> QuerySet[Step]:
    """Welcome emails that said that the rest is late."""
    return Step.objects.of_setup().filter(facts__told_late=True, dependency=MAIL, state=State.DONE)


def note_what_it_says(step: Step, told_late: bool) -> None:
    """Note with the welcome email, before it is handed over, whether it says that the rest is late."""
    if bool(step.facts.get("told_late")) != told_late:
        step.facts = step.facts | {"told_late": told_late}
        Step.objects.filter(pk=step.pk).update(facts=step.facts)


def _mail_back_at() -> datetime | None:
    last = Outage.objects.filter(dependency=MAIL).order_by("-began_at").first()
    return (last.ended_at or timezone.now()) if last else None


def _works_since(account: Account) -> datetime | None:
    """Since when all that they were set up for is there, also what they were let in without."""
    if account.status != Status.ACTIVE:
        return None
    debts = Step.objects.of_setup().filter(account=account, pay_by__isnull=False, state=State.DONE)
    paid = debts.aggregate(last=Max("done_at"))["last"]
    return max(account.status_at, paid) if paid else account.status_at


@cache
def _readers() -> dict[str, list[Facts]]:
    found: dict[str, list[Facts]] = {}
    for path in settings.LETTER_FACTS:
        for kind, read in import_string(path).items():
            found.setdefault(kind, []).append(read)
    return found
