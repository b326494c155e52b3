"""Ticket priority: the order in which the agent meets tickets, the oldest promise first among equals. Pure.

Whoever is locked out comes before every question of somebody who is not, a stranger's even if it was promised.
Never by revenue, company size or tone: waits in turn feel shorter, and anger rewarded is anger taught.
"""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, Q, When
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

DEADLINE_NEAR = timedelta(hours=4)
PROMISE_NEAR = timedelta(minutes=45)
HERE_FOR = timedelta(minutes=10)
TRIED_ENOUGH = 2
TIMES = ("opened_at", "promised_for", "needed_by", "here_at")


class Priority(IntEnum):
    """Priority of an item on the desk; the lowest number comes first."""

    INCIDENT = 1
    DEADLINE = 2
    PROMISE = 3
    HERE_NOW = 4
    LOCKED_OUT = 5
    GAVE_UP = 6
    WROTE = 7
    WORD_OWED = 8
    DEBT = 9


class Waiting(NamedTuple):
    """Facts that decide the priority of one ticket."""

    pk: int
    why: str
    opened_at: datetime
    promised_for: datetime | None = None
    needed_by: datetime | None = None
    here_at: datetime | None = None
    came_back: int = 0
    untrue: bool = False
    account_id: UUID | None = None  # a stranger has none
    locked_out: bool = False


def priority_of(ticket: Waiting, now: datetime, soon: datetime | None = None) -> Priority:
    """Priority of a ticket at this moment.

    `soon`: promises due by then leave no time for anybody else (see near_until); 45 minutes where unknown.
    """
    if ticket.needed_by and ticket.needed_by < now + DEADLINE_NEAR:
        return Priority.DEADLINE
    if ticket.account_id and _is_promised(ticket, now, soon):
        return Priority.PROMISE
    if ticket.untrue or ticket.came_back >= TRIED_ENOUGH or _is_here(ticket, now):
        return Priority.HERE_NOW
    if ticket.why != "wrote":
        return Priority.GAVE_UP
    return Priority.LOCKED_OUT if ticket.locked_out else Priority.WROTE


def may_be_urgent(now: datetime) -> Q:
    """Filter for tickets with a priority before those who just wrote: the same rules for rows."""
    near = Q(needed_by__lt=now + DEADLINE_NEAR) | (_promised(now) & Q(account__isnull=False))
    return near | Q(untrue=True) | Q(came_back__gte=TRIED_ENOUGH) | Q(here_at__gt=now - HERE_FOR)


def rank(now: datetime) -> Case:
    """Coarse order for rows: the urgent, those locked out who wrote, the given up, near promises, the rest."""
    order = [may_be_urgent(now), Q(why="wrote", locked_out=True), Q(why="gave_up"), _promised(now)]
    return Case(*(When(which, then=number) for number, which in enumerate(order)), default=len(order))


def _promised(now: datetime) -> Q:
    return Q(promised_for__lt=now + PROMISE_NEAR)


def place(ticket: Waiting, now: datetime, soon: datetime | None = None) -> tuple:
    """Sort key of a ticket: its priority, then its deadline or promise, then its age."""
    priority = priority_of(ticket, now, soon)
    first = ticket.needed_by if priority == Priority.DEADLINE else ticket.promised_for
    promised = priority == Priority.WROTE and _is_promised(ticket, now, soon)
    return priority, not promised, first or ticket.opened_at, ticket.opened_at, ticket.pk


def why_here(ticket: Waiting, now: datetime, soon: datetime | None = None) -> str:
    """Priority of a ticket in words, for its row."""
    priority = priority_of(ticket, now, soon)
    if priority == Priority.DEADLINE:
        return _by(ticket.needed_by, now, _("needs it by %(time)s"), _("needed it by %(time)s"))
    if _is_promised(ticket, now, soon) and priority in (Priority.PROMISE, Priority.WROTE):
        late = _("we promised an answer by %(time)s, and it's late")
        return _by(ticket.promised_for, now, _("we promised an answer by %(time)s"), late)
    return str(_here(ticket, now) if priority == Priority.HERE_NOW else PLAIN[priority])


def _out_of_time() -> Q:
    """Filter for tickets with a time that Python does not have, such as “infinity”.

    The desk names such a row, and shows the others.
    """
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    beyond = [Q(**{f"{name}__lt": first}) | Q(**{f"{name}__gt": last}) for name in TIMES]
    return reduce(or_, beyond)


IN_TIME = ~_out_of_time()
PLAIN = {
    Priority.LOCKED_OUT: _("cannot get in, and wrote to us"),
    Priority.GAVE_UP: _("given up automatically, and they haven't written"),
    Priority.WROTE: _("wrote to us"),
}


def _is_promised(ticket: Waiting, now: datetime, soon: datetime | None) -> bool:
    return bool(ticket.promised_for and ticket.promised_for <= (soon or now + PROMISE_NEAR))


def _is_here(ticket: Waiting, now: datetime) -> bool:
    return bool(ticket.here_at and ticket.here_at > now - HERE_FOR)


def _by(when: datetime | None, now: datetime, ahead: Lazy, passed: Lazy) -> str:
    return str(passed if when and when < now else ahead) % {"time": f"{when:%-d %b %H:%M}"}


def _here(ticket: Waiting, now: datetime):
    if ticket.untrue:
        return _("was shown something untrue")
    if _is_here(ticket, now):
        return _("is here now")
    return _("came back %(times)s times") % {"times": ticket.came_back}
