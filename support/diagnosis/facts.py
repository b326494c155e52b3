"""Facts for the diagnosis of an account, or of a page of them: steps, events, services, incidents, colleagues."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.models import Account, Event, EventKind
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


def facts_of_all(
    accounts: Iterable[Account],
    *,
    services: Mapping[str, Dependency],
    incidents: Iterable,
) -> dict[UUID, Facts]:
    """Facts about each of these accounts by primary key, in three queries however many there are."""
    accounts = list(accounts)
    ids = [account.pk for account in accounts]
    steps: dict[UUID, list[Step]] = {pk: [] for pk in ids}
    for step in _steps_with_workspace(account__in=ids) if ids else ():
        steps[step.account_id].append(step)
    events, domains = _events_and_domains(ids) if ids else ({}, {})
    troubles = {row.dependency: Trouble(row.began_at, row.people) for row in incidents}
    return {
        account.pk: Facts(
            account=account,
            now=timezone.now(),
            steps=steps[account.pk],
            events=events.get(account.pk, []),
            services=services,
            troubles=troubles,
            has_workspace=any(getattr(step, "recorded", False) for step in steps[account.pk]),
            known_domains=domains.get(account.pk, frozenset()),
        )
        for account in accounts
    }


def _events_and_domains(ids: list[UUID]) -> tuple[dict[UUID | None, list[Event]], dict[UUID, frozenset[str]]]:
    """The newest events of each account, and the domains that its colleagues have proved."""
    newest = Event.objects.filter(account=OuterRef("pk")).order_by("-at", "-pk").values("pk")[:RECENT]
    of_it = Account.objects.alias(lower_company=Lower("company")).exclude(company="").exclude(pk=OuterRef("pk"))
    mates = of_it.filter(lower_company=Lower(OuterRef("company"))).order_by("-created_at")
    mates = mates.annotate(proved=Case(When(mailbox_proven_at__isnull=False, then="email"), default=Value("")))
    rows = Account.objects.filter(pk__in=ids).annotate(
        newest=ArraySubquery(newest), proved=ArraySubquery(mates.values("proved")[:MATES])
    )
    found = list(rows.values_list("pk", "newest", "proved"))
    events: dict[UUID | None, list[Event]] = {}
    named = [pk for _account, pks, _proved in found for pk in pks]
    for event in Event.objects.filter(pk__in=named).order_by("-at", "-pk"):
        events.setdefault(event.account_id, []).append(event)
    return events, {pk: frozenset(domain_of(email) for email in proved if email) for pk, _pks, proved in found}


def services_now() -> dict[str, Dependency]:
    """Services we depend on and their state, by name."""
    return {row.name: row for row in Dependency.objects.all()}


def steps_of(account: Account) -> list[Step]:
    """Steps of an account, each with whether its workspace is recorded (`recorded`)."""
    return list(_steps_with_workspace(account=account))


def _steps_with_workspace(**whose) -> QuerySet[Step]:
    recorded = Exists(Workspace.objects.filter(account=OuterRef("account")))
    return Step.objects.filter(**whose).annotate(recorded=recorded).order_by("pk")


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


def own_addresses(account: Account, events: Iterable[Event]) -> set[str]:
    """Addresses from which an account's holder writes: the account's, and those the agent linked to it."""
    linked = {event.detail.partition(":")[0] for event in events if event.kind == EventKind.LINKED}
    return {account.email} | linked
