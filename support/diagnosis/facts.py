"""Facts for the diagnosis of one account: its steps, events, services, incidents and colleagues."""

from collections.abc import Iterable, Mapping

from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.models import Account, Event
from provisioning.engine.faults import readable
from provisioning.models import Dependency, Step, Workspace
from support.diagnosis.edit_distance import domain_of
from support.diagnosis.findings import Facts, Trouble
from support.models import Affected, Incident

RECENT = 100  # events
MATES = 10


def facts_of(
    account: Account,
    *,
    services: Mapping[str, Dependency] | None = None,
    incidents: Iterable | None = None,
    mates: Iterable[Account] | None = None,
) -> Facts:
    """Facts about an account; what is passed in is not queried again."""
    incidents = open_incidents() if incidents is None else incidents
    mates = mates_of(account) if mates is None else mates
    steps = steps_of(account)
    return Facts(
        account=account,
        now=timezone.now(),
        steps=steps,
        events=list(events_of(account)[:RECENT]),
        services=services_now() if services is None else services,
        troubles={row.dependency: Trouble(row.began_at, row.people) for row in incidents},
        has_workspace=any(getattr(step, "recorded", False) for step in steps),
        known_domains=frozenset(domain_of(mate.email) for mate in mates if mate.mailbox_proven_at),
    )


def services_now() -> dict[str, Dependency]:
    """Services we depend on and their state, by name."""
    return {row.name: row for row in Dependency.objects.all()}


def steps_of(account: Account) -> list[Step]:
    """Steps of an account, each with whether its workspace is recorded (`recorded`)."""
    recorded = Exists(Workspace.objects.filter(account=OuterRef("account")))
    return list(Step.objects.filter(account=account).annotate(recorded=recorded).order_by("pk"))


def events_of(account: Account):
    """Audit log of an account, newest first."""
    return Event.objects.filter(account=account).select_related("actor").order_by("-at", "-pk")


def open_incidents():
    """Open incidents, each with how many people it touched (`people`)."""
    touched = Affected.objects.filter(incident=OuterRef("pk")).order_by().values("incident")
    people = Coalesce(Subquery(touched.annotate(n=Count("pk")).values("n")), 0)
    return Incident.objects.filter(closed_at=None).annotate(people=people).order_by("began_at")


def mates_of(account: Account) -> list[Account]:
    """Accounts of the same company, found by its name as it was typed; at most ten, newest first."""
    if not account.company:
        return []
    of_it = Account.objects.alias(lower_company=Lower("company")).filter(lower_company=account.company.lower())
    return readable(of_it.exclude(pk=account.pk).order_by("-created_at"), MATES)
