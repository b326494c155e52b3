"""Dashboard: incidents, one ticket opened in full, the rest one line each. At most 20 queries.

Faults that the machine could not handle cost a few more, while there are any.
"""

from collections.abc import Mapping
from datetime import datetime
from heapq import nsmallest
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, OuterRef, Subquery, Window
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from accounts.status import UNFINISHED, Status
from provisioning.engine.faults import readable
from provisioning.kinds import label_of
from provisioning.models import Dependency, State, Step
from support.actions import authorization
from support.actions.kept_input import NOTHING, Typed
from support.actions.page_state import state_of
from support.actions.views import buttons
from support.desk import introduction
from support.desk.conversation import conversation
from support.desk.fault_list import unhandled
from support.desk.incident_cards import cards, selected_recoveries
from support.desk.queue_lines import describe, facts_by_account
from support.desk.reply_context import case_of, case_of_stranger, messages_of, what_was_read
from support.desk.reply_drafts import Case, draft
from support.desk.status_line import standing
from support.diagnosis import facts, similar_accounts
from support.diagnosis.findings import Facts, diagnose
from support.models import Desk, Incident, Message, Note, SavedReply, Ticket
from support.service_level.promises import forward_until
from support.tickets import priority, queue
from support.trust import newest_word

A_PAGE = 25
MOST_URGENT = 500  # more than that of an urgent priority, and their order is the database's
COUNTED_TO = 1000
MOST_NOTES = 100
NOTE_DEADLINE = "note_deadline"
APART = ("reply", "add_note")  # these stand by themselves


def today(
    user: Account, ticket: str = "", page: str = "", again: Typed = NOTHING, *, whole_thread: bool = False
) -> dict:
    """Template context of the dashboard; `ticket` and `page` are the query parameters as they came."""
    now = timezone.now()
    services = facts.services_now()
    shown = cards(services, user, again)
    number = int(page) if page.isdigit() and 0 < int(page) < 1000 else 1
    rows, waiting, soon = ahead(now, 1 + A_PAGE * number)
    tickets = _page(rows, number, ticket, now, soon)
    incidents = [card["incident"] for card in shown]
    known = facts_by_account(tickets, services, incidents)
    describe(tickets, known)
    deciding = sum(card["decision"] for card in shown)
    stands = standing()
    overdue = Step.objects.of_setup().filter(state=State.WAIVED, pay_by__lt=now).select_related("account")
    return {
        **stands,
        **unhandled(stands["broke"], stands["refused"], stands["untold"]),
        "headline": headline(waiting + deciding),
        "introduction_due": introduction.is_due(user, stands["desk"]),
        "cards": shown,
        "selected": selected_recoveries(user, again),
        "opened": _opened(tickets[0], user, services, incidents, known, again, whole_thread, stands["desk"])
        if tickets
        else None,
        "rest": tickets[1:],
        "pages": pages(waiting, number),
        "healing": _healing(),
        "debts": [(step, label_of(step.kind)) for step in overdue.order_by("pay_by")[:10]],
    }


def headline(needed: int) -> str:
    """Headline of the dashboard: the number of things that need the agent, in words."""
    if not needed:
        return _("Nobody needs you right now.")
    return ngettext("One thing needs you.", "%(n)s things need you.", needed) % {"n": needed}


def pages(tickets: int, number: int) -> dict:
    """Pagination of the waiting tickets: this page's number, the one before and the next."""
    more = tickets > 1 + A_PAGE * number
    return {"number": number, "before": number - 1 if number > 1 else None, "next": number + 1 if more else None}


def ahead(now: datetime, many: int) -> tuple[list[priority.Waiting], int, datetime | None]:
    """First `many` of the waiting tickets by priority, the number of all, and until when promises come forward.

    The database brings forward whoever may have an urgent priority; which it is, tickets/priority.py says.
    """
    rows = queue.waiting().filter(priority.IN_TIME).annotate(rank=priority.rank(now), waiting=Window(Count("pk")))
    rows = rows.order_by("rank", Coalesce("promised_for", "opened_at"), "opened_at", "pk")
    found = list(rows.values_list(*priority.Waiting._fields, "waiting")[: MOST_URGENT + many])
    waiting = [priority.Waiting(*row[:-1]) for row in found]
    dues = [row.promised_for for row in waiting if row.promised_for]
    soon = forward_until(now, dues) if dues else None
    first = nsmallest(many, waiting, key=lambda row: priority.place(row, now, soon))
    return first, found[0][-1] if found else 0, soon


def _page(
    rows: list[priority.Waiting], number: int, chosen: str, now: datetime, soon: datetime | None
) -> list[Ticket]:
    """Tickets of a page: the one to open first, then the rest; each with its reason for being there."""
    first = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 18 else None
    pks = [row.pk for row in rows]
    wanted = _with_words([*pks[-A_PAGE - 1 :], *pks[:1], first or 0])
    tickets = {ticket.pk: ticket for ticket in readable(wanted)}
    opened_first = first if first in tickets else next(iter(pks), None)
    rest = [pk for pk in pks if pk != opened_first][A_PAGE * (number - 1) : A_PAGE * number]
    found = [tickets[pk] for pk in (opened_first, *rest) if pk in tickets]
    for ticket in found:
        standing_there = priority.Waiting(*(getattr(ticket, name) for name in priority.Waiting._fields))
        ticket.why_here = priority.why_here(standing_there, now, soon)
    return found


def _with_words(pks: list[int]):
    last = Message.objects.filter(ticket=OuterRef("pk")).order_by("-pk")
    return (
        Ticket.objects.filter(pk__in=pks, closed_at=None)
        .select_related("account")
        .annotate(
            word=newest_word.of_tickets(),
            last_words=Subquery(last.values("pk")[:1]),
            said=Subquery(last.values("body")[:1], output_field=CharField()),
        )
    )


def _opened(
    ticket: Ticket,
    user: Account,
    services: dict[str, Dependency],
    incidents: list[Incident],
    known: Mapping[UUID, Facts],
    again: Typed,
    whole: bool,
    desk: Desk,
) -> dict:
    """Ticket opened in full: the conversation, diagnosis, evidence, suggested action, drafted reply."""
    account, said = ticket.account, messages_of(ticket)
    if account is None:
        thread = conversation(None, ticket, user, whole=whole)
        return _stranger(ticket, user, again, said, desk) | {"thread": thread, "number": str(ticket.pk)}
    theirs = known.get(account.pk) or facts.facts_of(account, services=services, incidents=incidents)
    thread = conversation(account, ticket, user, theirs.steps, whole=whole)
    return person(theirs, ticket, user, again, said, desk) | {"thread": thread, "number": str(ticket.pk)}


def person(known: Facts, ticket: Ticket | None, user: Account, again: Typed, said: list[Message], desk: Desk) -> dict:
    """Finding about an account, with the forms of the actions it offers and a drafted reply to what they said."""
    finding = diagnose(known)
    state = state_of(known.account, ticket, list(known.steps))
    offered = authorization.on_person(user, finding, known.account, ticket)
    case = case_of(known, finding, ticket, said, desk, user.name) if "reply" in offered else None
    drafted = draft(case) if case else ""
    proposed = _proposed(user, state, offered, case, again)
    apart = {finding.act, *APART, *(one["name"] for one in proposed)}
    return {
        "ticket": ticket,
        "account": known.account,
        "finding": finding,
        "read": what_was_read(case) if case else (),
        "proposed": proposed,
        "suggested": buttons(user, state, [name for name in offered if name == finding.act], again),
        "others": buttons(user, state, [name for name in offered if name not in apart], again),
        "reply": buttons(user, state, [name for name in offered if name == "reply"], again, drafted),
        "saved": saved_for(user, offered),
        "note": buttons(user, state, [name for name in offered if name == "add_note"], again),
        "notes": notes_on(known.account, user),
    }


def _proposed(user: Account, state: Any, offered: list[str], case: Case | None, again: Typed) -> list[dict]:
    """Forms of what a message asks for: its deadline, where none is noted yet, filled in."""
    if not (case and _names_deadline(case)):
        return []
    return buttons(user, state, [name for name in offered if name == NOTE_DEADLINE], again, needed_by=case.deadline)


def _names_deadline(case: Case) -> bool:
    """True if a message names a deadline that is ahead, and none that is ahead is noted yet."""
    account = case.known.account if case.known else None
    if not (case.deadline and account and account.status != Status.ACTIVE):
        return False
    return account.needed_by is None or account.needed_by < case.now


def saved_for(user: Account, offered: list[str]) -> list[SavedReply]:
    """Saved replies, where there is a reply to put them into."""
    return list(SavedReply.objects.all()) if "reply" in offered and user.has_perm("support.view_savedreply") else []


def notes_on(account: Account, user: Account) -> list[Note]:
    """Notes of the desk on an account, oldest first."""
    if not user.has_perm("support.view_note"):
        return []
    return list(Note.objects.filter(account=account).select_related("author").order_by("pk")[:MOST_NOTES])


def _stranger(ticket: Ticket, user: Account, again: Typed, said: list[Message], desk: Desk) -> dict:
    state = state_of(None, ticket)
    offered = authorization.on_stranger(user, ticket)
    near = similar_accounts.near_misses(ticket.email)
    case = case_of_stranger(ticket, near, said, desk, user.name)
    return {
        "ticket": ticket,
        "near": near,
        "read": what_was_read(case),
        "others": buttons(user, state, [name for name in offered if name != "reply"], again),
        "reply": buttons(user, state, [name for name in offered if name == "reply"], again, draft(case)),
        "saved": saved_for(user, offered),
    }


def _healing() -> str:
    """Number of accounts that heal without anybody, in words: counted up to a thousand."""
    owed = Step.objects.of_setup().filter(state=State.OPEN, account__status__in=UNFINISHED, account__canary=False)
    n = owed.values("account").distinct()[:COUNTED_TO].count()
    return _("more than %(n)s") % {"n": COUNTED_TO} if n >= COUNTED_TO else str(n)
