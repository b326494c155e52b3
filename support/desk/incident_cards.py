"""Incident cards: failure, start, people affected, progress of the recovery, and the one decision that is open."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account
from accounts.status import UNFINISHED
from provisioning.kinds import MAIL
from provisioning.models import Dependency, State, Step
from support.actions import authorization
from support.actions.kept_input import Typed
from support.actions.page_state import state_of_selected
from support.actions.views import buttons
from support.diagnosis.facts import open_incidents
from support.diagnosis.remedies import what_to_mend
from support.labels import describe_failure
from support.models import Affected, Incident, Recovery, Turn

NAMED = 3
SHOWN_FOR = timedelta(hours=1)


def with_numbers() -> QuerySet[Incident]:
    """Open incidents with everything a card counts, in one query."""
    members = Affected.objects.filter(incident=OuterRef("pk")).order_by("pk")
    theirs = Affected.objects.filter(incident=OuterRef("pk")).order_by().values("incident")
    notices = Step.objects.filter(
        account=OuterRef("account"), kind="letter.outage_notice", created_at__gte=OuterRef("incident__began_at")
    )
    unpaid = authorization.unpaid(OuterRef("account"), OuterRef("incident__dependency"))
    turns = Turn.objects.filter(recovery=OuterRef("recovery")).order_by().values("recovery")
    latest = Recovery.objects.filter(incident=OuterRef("pk")).order_by("-pk")
    return open_incidents().annotate(
        first_names=ArraySubquery(members.values("account__name")[:NAMED]),
        told=_number(theirs.filter(Exists(notices.filter(state=State.DONE)))),
        to_be_told=_number(theirs.filter(Exists(notices.owed()))),
        stuck=_number(theirs.filter(Exists(unpaid), account__status__in=UNFINISHED)),
        recovery=Subquery(latest.values("pk")[:1]),
        recovery_ended=Subquery(latest.values("ended_at")[:1]),
        recovery_because=Subquery(latest.values("ended_because")[:1]),
        **{f"turns_{name}": _number(turns.filter(outcome=outcome)) for name, outcome in OUTCOMES.items()},
    )


OUTCOMES = {"waiting": "", "asked": Turn.Outcome.ASKED, "well": Turn.Outcome.WELL, "failed": Turn.Outcome.FAILED}


def _number(rows: QuerySet) -> Coalesce:
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def cards(services: Mapping[str, Dependency], user: Account, again: Typed) -> list[dict]:
    """Cards of all open incidents, as this user may act on them."""
    return [card_of(incident, services, user, again) for incident in with_numbers()]


def card_of(incident, services: Mapping[str, Dependency], user: Account, again: Typed) -> dict:
    """Template context of one incident's card; `incident` comes from with_numbers."""
    running = bool(incident.recovery and not incident.recovery_ended)
    service = services.get(incident.dependency)
    down = bool(service and service.broken)
    state = {"incident": incident.pk, "closed": False, "recovery": incident.recovery if running else None}
    return {
        "incident": incident,
        "service": service,
        "down": down,
        "failure": describe_failure(incident.failure),
        "mend": what_to_mend(incident.dependency, incident.failure),
        "running": running,
        "names": incident.first_names,
        "told": told_words(incident, mail_is_down=MAIL in services and services[MAIL].broken),
        "progress": recovery_words(incident) if incident.recovery else "",
        "decision": bool(incident.stuck and not running and not down),
        "buttons": buttons(
            user, state, authorization.on_incident(user, stuck=incident.stuck > 0, running=running), again
        ),
    }


def selected_recoveries(user: Account, again: Typed) -> list[dict]:
    """Recoveries of people who were selected in a list: those that run, and those that ended within the last hour."""
    turns = Turn.objects.filter(recovery=OuterRef("pk")).order_by().values("recovery")
    counted = {f"turns_{name}": _number(turns.filter(outcome=outcome)) for name, outcome in OUTCOMES.items()}
    lately = Q(ended_at=None) | Q(ended_at__gt=Now() - SHOWN_FOR)
    rows = Recovery.objects.filter(lately, incident=None).annotate(**counted).order_by("pk")
    return [
        {
            "words": _progress(_("Recovering the people you selected:"), row, row.ended_at, row.ended_because),
            "buttons": buttons(user, state_of_selected(row), authorization.on_selected(user, row), again),
        }
        for row in rows
    ]


def told_words(incident, mail_is_down: bool) -> str:
    """Outage notices in words: how many were handed over, and how many still go out."""
    told, waiting = incident.told, incident.to_be_told
    if not told and not waiting:
        return _("Nobody has been emailed; the waiting room tells them.")
    when = _("when mail is back") if mail_is_down else _("in a moment")
    if not told:
        return _("%(n)s will be told %(when)s.") % {"n": waiting, "when": when}
    if waiting:
        said = _("%(told)s told so far, and %(n)s will be told %(when)s.")
        return said % {"told": told, "n": waiting, "when": when}
    if told < incident.people:
        return _("%(told)s of %(people)s have been told.") % {"told": told, "people": incident.people}
    return ngettext("They have been told.", "All %(n)s have been told.", told) % {"n": told}


def recovery_words(incident) -> str:
    """Progress of a bulk recovery, in words."""
    over, because = incident.recovery_ended, incident.recovery_because
    return _progress(_("Recovering everybody:"), incident, over, because)


def _progress(begins: str, counted, over, because: str) -> str:
    said = _("%(well)s recovered, %(failed)s failed again, %(asked)s in progress, %(waiting)s still to come.")
    said %= {name: getattr(counted, f"turns_{name}") for name in OUTCOMES}
    return f"{ENDINGS.get(because, because)}: {said}" if over else f"{begins} {said}"


ENDINGS = {
    "finished": gettext_lazy("The recovery is finished"),
    "stopped": gettext_lazy("The recovery stopped by itself because two of the last five failed"),
}
