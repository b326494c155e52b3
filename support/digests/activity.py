"""Activity since a time, and the agent's open items: lines for digests and for coming back to the desk."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.models import Account, Event
from accounts.status import Status
from provisioning.humanize import say_when
from provisioning.models import Attempt, Outage, State, Step
from support.models import Desk, Lost, Promise, Ticket
from support.service_level.unattended import REASON
from support.tickets import queue
from support.trust.apologies import FAILING, words_owed

NAMED = 3  # people named in a line; the others are a number


def happened(since: datetime, now: datetime, desk: Desk) -> list[str]:
    """Activity since a time, in words, oldest matters first; a line that would say nothing is left out."""

    def when(moment: datetime) -> str:
        return say_when(moment, now, desk.zone)

    lines = [_outage(outage, when) for outage in Outage.objects.filter(began_at__gte=since).order_by("began_at")]
    lines += [_let_in_by_rule(since)]
    lines += [_number(_healed_alone(since), "account recovered on its own", "accounts recovered on their own")]
    lines += [
        _number(Ticket.objects.filter(closed_at__gte=since).count(), "person was answered", "people were answered")
    ]
    broken = Promise.objects.filter(broken_at__gte=since).count()
    lines += [_number(broken, "promise was broken", "promises were broken")]
    lines += [_number(Lost.objects.filter(at__gte=since).count(), "person gave up on us", "people gave up on us")]
    return [line for line in lines if line]


def needs_her(now: datetime, desk: Desk) -> list[str]:
    """Open items of the agent, in words: answers, promises, apologies and debts."""
    waiting = queue.waiting().select_related("account").order_by("opened_at")
    due = Promise.objects.filter(kept_at=None, broken_at=None).order_by("due").first()
    debts = Step.objects.filter(state=State.WAIVED, pay_by__lt=now).count()
    lines = [
        _people([ticket.account.name if ticket.account else ticket.email for ticket in waiting], "for an answer"),
        f"the next promise is due {say_when(due.due, now, desk.zone)}" if due else "",
        _people([repair.account.name for repair in words_owed()], "for a note from you"),
        _number(debts, "promised item is overdue", "promised items are overdue"),
    ]
    return [line for line in lines if line]


def _outage(outage: Outage, when) -> str:
    if outage.ended_at is None:
        return f"{outage.dependency_id} has been down since {when(outage.began_at)}: {outage.error}"
    return f"{outage.dependency_id} was down from {when(outage.began_at)} until {when(outage.ended_at)}"


def _let_in_by_rule(since: datetime) -> str:
    rows = Event.objects.filter(kind__endswith=".waived", actor=None, detail=REASON, at__gte=since)
    names = list(rows.order_by("account__name").values_list("account__name", flat=True).distinct())
    return f"let in automatically, to be finished later: {_some(names)}" if names else ""


def _healed_alone(since: datetime) -> int:
    failing = Attempt.objects.filter(step__account=OuterRef("pk"), outcome__in=FAILING)
    asked = Ticket.objects.filter(account=OuterRef("pk"))
    healed = Account.objects.filter(
        Exists(failing), ~Exists(asked), status=Status.ACTIVE, status_at__gte=since, canary=False
    )
    return healed.count()


def _people(names: list[str], what: str) -> str:
    if not names:
        return ""
    return f"{_some(names)} {'is' if len(names) == 1 else 'are'} waiting {what}"


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""
