"""Workload of the desk, and escalation to the owner when it is more than one agent can do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.models import Event, Voice
from provisioning.models import Outage
from support.business_hours import Schedule, is_open, working_minutes_between
from support.models import Desk
from support.service_level.promises import expected

OUTAGES_A_DAY = 2
DAYS_BEYOND = 3
ALMOST = timedelta(minutes=15)  # nobody drops the pen at the stroke


@dataclass(frozen=True)
class Load:
    """Workload of the desk at one moment."""

    outages_today: int
    promise_minutes: float | None  # working minutes until somebody who writes now is answered
    day_minutes: float  # of a working day
    days_beyond: frozenset[date]  # on which the agent worked outside business hours


def too_much(load: Load, today: date) -> list[str]:
    """Reasons why the load is too much for one person, in words; none: it can be done."""
    reasons = []
    if load.outages_today >= OUTAGES_A_DAY:
        reasons.append(f"{load.outages_today} outages in one day")
    if load.promise_minutes and load.day_minutes and load.promise_minutes > load.day_minutes:
        days = load.promise_minutes / load.day_minutes
        reasons.append(f"anyone who writes now can only be promised an answer in {days:.1f} working days")
    if days_in_a_row(load.days_beyond, today) >= DAYS_BEYOND:
        reasons.append(f"work outside the agreed hours, {days_in_a_row(load.days_beyond, today)} days in a row")
    return reasons


def days_in_a_row(days: Collection[date], today: date) -> int:
    """Number of days up to today or yesterday, without a gap."""
    last = today if today in days else today - timedelta(days=1)
    count = 0
    while last - timedelta(days=count) in days:
        count += 1
    return count


def load_now(desk: Desk, now: datetime) -> Load:
    """Workload of the desk now."""
    schedule = desk.schedule()
    midnight = now.astimezone(desk.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    week = [midnight - timedelta(days=number) for number in range(7)]
    due = expected(now)
    return Load(
        Outage.objects.filter(began_at__gte=midnight).count(),
        working_minutes_between(now, due, schedule) if due else None,
        max(working_minutes_between(day, day + timedelta(days=1), schedule) for day in week),
        frozenset(_days_beyond(schedule, now)),
    )


def _days_beyond(schedule: Schedule, now: datetime) -> set[date]:
    acts = Event.objects.filter(voice=Voice.SUPPORT, actor__isnull=False, at__gt=now - timedelta(days=8))
    return {
        at.astimezone(schedule.zone).date()
        for at in acts.values_list("at", flat=True)
        if not any(is_open(moment, schedule) for moment in (at - ALMOST, at, at + ALMOST))
    }
