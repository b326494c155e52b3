"""The first screen: incidents, one person opened in full, the rest one line each. At most 15 queries."""

from collections.abc import Sequence
from datetime import datetime
from heapq import nsmallest

from django.db.models import CharField, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from accounts.status import UNFINISHED
from provisioning.kick import heart_stopped
from provisioning.models import Dependency, State, Step
from support import facts, lanes, neighbours, queue
from support.cards import cards
from support.diagnosis import Facts, diagnose
from support.drafts import draft, to_stranger
from support.models import Incident, Message, Ticket
from support.press import buttons
from support.promises import forward_until
from support.seen import state_of

A_PAGE = 25
MOST = 20_000  # tickets looked at for one screen
OTHERS = ["put_aside", "hand_over", "mark_abusive", "close"]
COUNTED_TO = 1000


def today(user: Account, ticket: str = "", page: str = "") -> dict:
    now = timezone.now()
    services = facts.services_now()
    shown = cards(services, user)
    rows = [lanes.Waiting(*row) for row in queue.waiting().values_list(*lanes.Waiting._fields)[:MOST]]
    number = int(page) if page.isdigit() and 0 < int(page) < 1000 else 1
    tickets = _page(rows, number, ticket, now)
    deciding = sum(card["decision"] for card in shown)
    return {
        "headline": headline(len(rows) + deciding),
        "heart_stopped": heart_stopped(),
        "cards": shown,
        "opened": opened(tickets[0], user, services, [card["incident"] for card in shown]) if tickets else None,
        "rest": tickets[1:],
        "pages": pages(len(rows), number),
        "healing": _healing(),
        "debts": _overdue(now),
    }


def headline(needed: int) -> str:
    if not needed:
        return _("Nobody needs you right now.")
    return ngettext("One thing needs you.", "%(n)s things need you.", needed) % {"n": needed}


def pages(tickets: int, number: int) -> dict:
    more = tickets > 1 + A_PAGE * number
    return {"number": number, "before": number - 1 if number > 1 else None, "next": number + 1 if more else None}


def _page(rows: Sequence[lanes.Waiting], number: int, chosen: str, now: datetime) -> list[Ticket]:
    """The one to open first, then this page of the rest; each with its reason for being there."""
    dues = [row.promised_for for row in rows if row.promised_for]
    soon = forward_until(now, dues) if dues else None
    ahead = nsmallest(1 + A_PAGE * number, rows, key=lambda row: lanes.place(row, now, soon))
    first = next((row for row in rows if str(row.pk) == chosen), None) or next(iter(ahead), None)
    here = [row for row in ahead if row != first][A_PAGE * (number - 1) : A_PAGE * number]
    wanted = [row for row in (first, *here) if row]
    tickets = {ticket.pk: ticket for ticket in _with_words([row.pk for row in wanted])}
    for row in wanted:
        if row.pk in tickets:
            tickets[row.pk].why_here = lanes.why_here(row, now, soon)
    return [tickets[row.pk] for row in wanted if row.pk in tickets]


def _with_words(pks: list[int]):
    last = Message.objects.filter(ticket=OuterRef("pk")).order_by("-pk")
    return (
        Ticket.objects.filter(pk__in=pks)
        .select_related("account")
        .annotate(
            last_words=Subquery(last.values("pk")[:1]),
            said=Subquery(last.values("body")[:1], output_field=CharField()),
            said_at=Subquery(last.values("at")[:1]),
            said_from=Subquery(last.values("email")[:1]),
        )
    )


def opened(ticket: Ticket, user: Account, services: dict[str, Dependency], incidents: list[Incident]) -> dict:
    """One person in full: diagnosis, evidence, suggested act, drafted reply."""
    if ticket.account is None:
        return _stranger(ticket, user)
    return person(facts.facts_of(ticket.account, services=services, incidents=incidents), ticket, user)


def person(known: Facts, ticket: Ticket | None, user: Account) -> dict:
    finding = diagnose(known)
    state = state_of(known.account, ticket, list(known.steps))
    on_ticket = OTHERS if ticket else []
    names = [name for name in (finding.act, *finding.alternatives) if name]
    return {
        "ticket": ticket,
        "account": known.account,
        "finding": finding,
        "suggested": buttons(user, state, [finding.act]),
        "others": buttons(user, state, list(dict.fromkeys([*names[1:], *on_ticket]))),
        "reply": buttons(user, state, ["reply"], draft(finding, known, user.name)) if ticket else [],
    }


def _stranger(ticket: Ticket, user: Account) -> dict:
    state = state_of(None, ticket)
    return {
        "ticket": ticket,
        "near": neighbours.near_misses(ticket.email),
        "others": buttons(user, state, OTHERS),
        "reply": buttons(user, state, ["reply"], to_stranger(ticket.email, user.name)),
    }


def _healing() -> str:
    """How many heal without anybody: counted up to a thousand."""
    owed = Step.objects.filter(state=State.OPEN, occasion="", account__status__in=UNFINISHED)
    n = owed.values("account").distinct()[:COUNTED_TO].count()
    return _("more than %(n)s") % {"n": COUNTED_TO} if n >= COUNTED_TO else str(n)


def _overdue(now: datetime):
    """Those let in with a debt that is older than its date."""
    owed = Step.objects.filter(state=State.WAIVED, occasion="", pay_by__lt=now).select_related("account")
    return list(owed.order_by("pay_by")[:10])
