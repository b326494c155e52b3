"""Incident detection: one incident for an outage, joined by everybody affected, with notices to them.

It is opened by failures, before anybody writes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.database import clock
from accounts.status import UNFINISHED, Status
from provisioning.engine import faults
from provisioning.intake.outbox import owe_letter
from provisioning.models import OWED, Dependency, Outage, State, Step
from support.models import Affected, Incident
from support.tickets.outbox import tell_support

PEOPLE = 3
WITHIN = timedelta(minutes=10)
SAME_ONE_FOR = timedelta(hours=1)  # an outage that comes back within it is the same incident
NEWS_EVERY = timedelta(minutes=30)
NOTICE_AFTER = timedelta(minutes=5)  # what was over before that, the waiting room has told
BATCH = 500
MOST_ROWS = 2000


def follow() -> None:
    """Periodic job: for each open incident, the people it touches, its end, and the notices."""
    faults.batch(open_incidents(), _follow, "following this incident", whole=False)


def open_incidents() -> QuerySet[Incident]:
    """Incidents that nobody and nothing has closed yet."""
    return Incident.objects.filter(closed_at=None)


def _follow(incident: Incident) -> None:
    join(incident)
    end(incident)
    give_notice(incident)
    close_if_over(incident)


def failure_class(error: str) -> str:
    """Class of a failure (refused, timeout, 5xx, 4xx): what is the same about those of many people."""
    if code := re.search(r"\bsaid ([45])\d\d\b", error):
        return f"{code[1]}xx"
    words = {"in time": "timeout", "could not be reached": "refused", "hung up": "hung up", "fault in our": "bug"}
    return next((name for sign, name in words.items() if sign in error), "error")


def open_from_outages() -> None:
    """Open an incident for each outage that has none, or reopen a recent one of its service."""
    faults.batch(
        without_incident(),
        lambda outage: _open(outage.dependency_id, outage.failure, outage.error, outage.began_at, outage),
        "making an incident of this outage",
    )


def without_incident() -> QuerySet[Outage]:
    """Outages that last and have no incident."""
    have_one = Incident.objects.filter(outage=OuterRef("pk"), closed_at=None, ended_at=None)
    return Outage.objects.filter(~Exists(have_one), ended_at=None)


def open_from_failures() -> None:
    """Open an incident where three people failed in ten minutes.

    Now and then it works, so that the circuit breaker stays closed.
    """
    people: dict[tuple[str, str], dict[UUID, Step]] = defaultdict(dict)
    for step in [*failing()[:MOST_ROWS], *given_up_lately()[:MOST_ROWS]]:
        if not (step.permanent and step.dependency == "mail"):  # an address that bounces is one person's
            people[step.dependency, failure_class(step.error)][step.account_id] = step
    if not people:
        return
    known = set(open_incidents().values_list("dependency", flat=True))
    for (service, failure), steps in people.items():
        if len(steps) >= PEOPLE and service not in known:
            opened = partial(_open_from, service, failure, steps.values())
            faults.turn(Dependency, service, opened, "making an incident of its failures")


def failing() -> QuerySet[Step]:
    """Set-up steps that failed within the last ten minutes, and are still owed."""
    return _failed_lately().filter(state__in=OWED)


def given_up_lately() -> QuerySet[Step]:
    """Set-up steps that failed within the last ten minutes, and by which an account was given up."""
    status = {"state": State.DEAD, "account__status": Status.FAILED}
    return _failed_lately().filter(clock.lately("account__status_at", WITHIN), **status)


def _failed_lately() -> QuerySet[Step]:
    lately = Step.objects.of_setup().filter(clock.lately("failed_at", WITHIN)).exclude(error="")
    return lately.only("account_id", "dependency", "error", "permanent", "failed_at")


FAILING = [failing, given_up_lately]


def _open_from(service: str, failure: str, steps: Iterable[Step]) -> None:
    first = min((step for step in steps if step.failed_at), key=lambda step: str(step.failed_at))
    _open(service, failure, first.error, first.failed_at, None)


def _open(service: str, failure: str, error: str, began_at, outage: Outage | None) -> None:
    with transaction.atomic():
        incident = _the_same_one(service)
        if incident:
            incident.closed_at = incident.ended_at = None
            incident.outage = outage or incident.outage
            incident.save(update_fields=["closed_at", "ended_at", "outage"])
            return
        row = Incident(
            dependency=service,
            failure=failure,
            error=error,
            outage=outage,
            began_at=began_at,
            next_news_at=Now() + NEWS_EVERY,
        )
        Incident.objects.bulk_create([row], ignore_conflicts=True)


def _the_same_one(service: str) -> Incident | None:
    """Incident of this service to be continued: open, or over less than an hour ago."""
    recent = Q(closed_at=None) | Q(ended_at__gt=Now() - SAME_ONE_FOR) | Q(closed_at__gt=Now() - SAME_ONE_FOR)
    rows = Incident.objects.select_for_update().filter(recent, dependency=service)
    return rows.order_by("-opened_at").first()


def stuck_in(incident: Incident):
    """Set-up steps that still suffer from an incident."""
    failed = Q(failed_at__gte=incident.began_at) & ~Q(error="") & Q(state__in=(State.OPEN, State.DEAD))
    never_tried = Q(state=State.OPEN, error="")  # and while it is down, none of them is
    which = failed | never_tried if incident.outage_id and not incident.ended_at else failed
    about_them = Q(permanent=True, dependency="mail")
    steps = Step.objects.of_setup().filter(which, dependency=incident.dependency)
    return steps.exclude(about_them)


def join(incident: Incident) -> None:
    """Add everybody whom an incident touches, as long as it lasts.

    The first ones make the one letter to support.
    """
    in_it = Affected.objects.filter(incident=incident, account=OuterRef("account"))
    while True:
        new = (
            stuck_in(incident)
            .filter(~Exists(in_it), account__canary=False)
            .values_list("account_id", flat=True)[:BATCH]
        )
        rows = [Affected(incident=incident, account_id=pk) for pk in set(new)]
        Affected.objects.bulk_create(rows, ignore_conflicts=True)
        if len(rows) < BATCH:
            break
    tell_support(incident)


def end(incident: Incident) -> None:
    """Set an incident's end: the outage ended, or nobody has failed for a while; else the time of the next news."""
    if incident.ended_at:
        return
    lately = (
        Step.objects.owed()
        .filter(clock.lately("failed_at", WITHIN), dependency=incident.dependency)
        .exclude(error="")
    )
    if incident.outage_id:
        over = Outage.objects.filter(pk=incident.outage_id, ended_at__isnull=False).first()
        this: dict = {"ended_at": over.ended_at} if over else {}
    else:
        theirs = Affected.objects.filter(incident=incident, account__status=Status.FAILED)
        given_up = theirs.filter(clock.lately("account__status_at", WITHIN))
        this = {} if lately.exists() or given_up.exists() else {"ended_at": Now()}
    if this:
        Incident.objects.filter(pk=incident.pk).update(**this)
        incident.refresh_from_db()
    else:
        Incident.objects.filter(clock.due("next_news_at", NEWS_EVERY), pk=incident.pk).update(
            next_news_at=Now() + NEWS_EVERY
        )


def give_notice(incident: Incident) -> None:
    """Owe the outage notice to whom it touches, once, while it lasts; each hears of it when they have waited.

    While mail itself is down nobody can be told by mail, and after it there is nothing to tell.
    """
    lasts = Incident.objects.filter(clock.long_ago("began_at", NOTICE_AFTER), pk=incident.pk, ended_at=None)
    if incident.dependency == "mail" or not lasts.exists():
        return
    untold = Affected.objects.select_for_update(skip_locked=True).filter(incident=incident, told_at=None)
    faults.together(untold, partial(_tell, incident), "telling them of an outage", BATCH)


def _tell(incident: Incident, untold: QuerySet[Affected]) -> None:
    rows = list(untold)
    for row in rows:
        owe_letter(row.account_id, "letter.outage_notice", f"incident {incident.pk}")
    Affected.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=Now())


def close_if_over(incident: Incident) -> None:
    """Close an incident when it works again and leaves nobody stuck.

    Those it left are its business, not thirty tickets.
    """
    if not incident.ended_at:
        return
    left = Affected.objects.filter(
        Exists(stuck_in(incident).filter(account=OuterRef("account"))),
        incident=incident,
        account__status__in=UNFINISHED,
    )
    if not left.exists():
        Incident.objects.filter(pk=incident.pk, closed_at=None).update(closed_at=Now())
