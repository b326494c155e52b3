"""Rule for unattended hours: lets in, with debt, an account with a deadline and a proved mailbox.

No order of work can meet a deadline in the night; only a rule can. It is off until somebody turns it on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Account
from accounts.status import UNFINISHED
from provisioning.engine import faults
from provisioning.intake.outbox import owe_letter
from provisioning.intake.waivers import waive
from provisioning.kinds import WELCOME
from provisioning.models import Outage, State, Step
from support.business_hours import EARLIEST, is_open, next_open
from support.models import Desk, the_desk

REASON = "by rule: a deadline was named, and nobody is at work"
AFTER_OPENING = timedelta(hours=1)  # what the agent would need to see it without the rule
BATCH = 100
LONGEST_WAIT, LONGEST_DEBT = 366 * 24 * 60, 366  # minutes and days: a year, whatever stands at the desk


@dataclass(frozen=True)
class Case:
    """Facts about one account on which the rule decides."""

    needed_by: datetime | None
    proven: bool
    missing: frozenset[str]  # kinds of step still owed; the welcome letter keeps nobody out
    stuck: frozenset[str]  # those of them whose service is down
    down_since: datetime | None  # the latest of their outages


def lets_in(case: Case, now: datetime, back: datetime | None, after: timedelta) -> bool:
    """True if the rule lets this account in.

    `back`: time at which somebody is at work again, None if no date is known. `after`: time that a service has to be
    down before.
    """
    if case.needed_by is None or not case.proven or not case.missing or case.missing != case.stuck:
        return False
    too_late_for_her = back is None or case.needed_by < back + AFTER_OPENING
    down_long = case.down_since is not None and case.down_since <= now - after
    return too_late_for_her and down_long


def let_in_who_must(now: datetime) -> None:
    """Periodic job: apply the rule to accounts with a deadline, while a service is down and nobody at work."""
    desk = the_desk()
    schedule = desk.schedule()
    outages = Outage.objects.filter(ended_at=None, began_at__range=(EARLIEST, now))
    down = dict(outages.values_list("dependency_id", "began_at"))
    if not desk.let_in_by_rule or not down or is_open(now, schedule):
        return
    back, after = next_open(now, schedule), timedelta(minutes=min(desk.rule_after, LONGEST_WAIT))

    def look_at(account: Account) -> None:
        case = case_of(account, down)
        if lets_in(case, now, back, after):
            _let_in(account, case, desk, now)

    named = Account.objects.filter(needed_by__isnull=False, mailbox_proven_at__isnull=False, is_active=True)
    waiting = named.filter(status__in=UNFINISHED).order_by("needed_by")
    faults.batch(waiting, look_at, "looking whether the rule lets this person in", BATCH)


def case_of(account: Account, down: dict[str, datetime]) -> Case:
    """Facts of an account for the rule. `down`: the services that are down, and since when."""
    owed = Step.objects.of_setup().filter(account=account, state__in=(State.OPEN, State.DEAD)).exclude(kind=WELCOME)
    steps = list(owed)
    stuck = [step for step in steps if step.dependency in down and not step.permanent]
    return Case(
        account.needed_by,
        account.mailbox_proven_at is not None,
        frozenset(step.kind for step in steps),
        frozenset(step.kind for step in stuck),
        max((down[step.dependency] for step in stuck), default=None),
    )


def _let_in(account: Account, case: Case, desk: Desk, now: datetime) -> None:
    pay_by = now + timedelta(days=min(desk.debt_days, LONGEST_DEBT))
    with transaction.atomic():
        if waive(account, case.stuck, actor=None, reason=REASON, pay_by=pay_by):
            owe_letter(account.pk, "letter.let_in", f"by rule {now:%Y-%m-%d}", {"by_rule": True})
