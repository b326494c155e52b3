"""Occasions on which the product is told of an account: found by the sweep, owed as errands, each once.

What is ready, changed or given up stands in the diary. A suspension may be anybody's doing, also by hand in the
database: there the rows themselves are compared with what was told. A deletion is owed as it happens.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.database.clock import database_now
from accounts.models import NEWS, Account, Event, EventKind
from accounts.status import Status
from provisioning.engine.phases import Phase, run_phases
from provisioning.engine.settle import lock_accounts
from provisioning.errands import diary
from provisioning.intake.ready_notice import paid_lately
from provisioning.kinds import name_of
from provisioning.models import Errand, State, Step, Workspace

PRODUCT = "product"  # the dependency
READY, CHANGED, FAILED = "account.ready", "account.changed", "account.failed"
SUSPENDED, DELETED = "account.suspended", "account.deleted"
READER = "product events"
BATCH = 500
ADDRESS = ["email", "email_verified"]
CHANGES: dict[str, list[str]] = {  # what may have changed, by the names of the reading API
    EventKind.PROVED_MAILBOX: ["email_verified"],
    EventKind.CHOSE_PASSWORD: ["company", "email_verified", "name", "phone"],
    EventKind.MOVED_ADDRESS: ADDRESS,
    EventKind.CORRECTED_ADDRESS: ADDRESS,
    EventKind.CORRECTED_COMPANY: ["company"],
}


def fetch() -> None:
    """Owe the product each event that it was not told of yet (settings.SWEEPS)."""
    if settings.EVENTS_URL:
        run_phases(
            [
                Phase("telling the product what became of accounts", _tell_news, [news]),
                Phase("telling the product of suspensions", _tell_suspensions, [suspended]),
                Phase("telling the product that one is over", _tell_restorations, [restored]),
                Phase("telling the product of debts that were paid", _tell_of_paid_debts, [paid]),
            ]
        )


def owe_deletion(account: Account) -> None:
    """Owe word of a deletion, in its transaction (settings.ON_DELETION): the id is all that is left."""
    if settings.EVENTS_URL and not account.canary:
        Errand.objects.owe(_errand(account.pk, DELETED, f"told deleted {account.pk}"))


def news() -> QuerySet[Event]:
    """Lines of the diary of which the product was not told."""
    return diary.unread(READER, NEWS).filter(account__canary=False)


def suspended() -> QuerySet[Account]:
    """Accounts that are suspended, of which the product was not told."""
    told = Errand.objects.filter(occasion=Concat(Value("suspended "), Cast(OuterRef("pk"), CharField())))
    return Account.objects.filter(~Exists(told), is_active=False, is_staff=False, canary=False)


def restored() -> QuerySet[Errand]:
    """Suspensions that the product was told of and that are over."""
    active = Account.objects.filter(pk=OuterRef("account"), is_active=True)
    return Errand.objects.filter(Exists(active), occasion__startswith="suspended ")


def paid() -> QuerySet[Step]:
    """Steps without which somebody was let in and that are done since, of which the product was not told."""
    told = Errand.objects.filter(occasion=Concat(Value("paid "), Cast(OuterRef("pk"), CharField())))
    return paid_lately().filter(~Exists(told), account__status=Status.ACTIVE)


def _errand(account: UUID, kind: str, occasion: str, **data: Any) -> Errand:
    facts = {"at": database_now().isoformat(), "data": {"id": str(account)} | data}
    return Errand(account=account, kind=kind, occasion=occasion, dependency=PRODUCT, facts=facts)


def _tell_news() -> None:
    diary.read(READER, news, _owed_for)


def _owed_for(lines: Sequence[Event]) -> Iterable[Errand]:
    accounts = {line.account_id for line in lines if line.account_id}
    states = _states_of(accounts)
    for line in lines:
        if line.account_id:
            kind, data = _what(line, states[line.account_id])
            facts = {"at": line.at.isoformat(), "data": {"id": str(line.account_id)} | data}
            occasion = diary.occasion_of(READER, line)
            yield Errand(account=line.account_id, kind=kind, occasion=occasion, dependency=PRODUCT, facts=facts)


def _what(line: Event, state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Type of the event for a line of the diary, and what it says beside the id."""
    if line.kind == "status.active":
        return READY, {"workspace": state["workspace"], "owed": state["owed"]}
    if line.kind == "status.failed":
        return FAILED, {"given_up": state["given_up"]}
    if line.kind == EventKind.CHANGED_DETAILS:
        return CHANGED, {"changed": sorted(line.detail.split(", "))}
    return CHANGED, {"changed": CHANGES[line.kind]}


def _states_of(accounts: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Workspace, owed and given up steps of these accounts."""
    found: dict[UUID, dict[str, Any]] = defaultdict(lambda: {"workspace": None, "owed": [], "given_up": []})
    for account, reference in Workspace.objects.filter(account__in=accounts).values_list("account_id", "reference"):
        found[account]["workspace"] = reference
    unpaid = Step.objects.of_setup().unpaid().filter(account__in=accounts).order_by("pk")
    for account, kind, state in unpaid.values_list("account_id", "kind", "state"):
        found[account]["given_up" if state == State.DEAD else "owed"].append(name_of(kind))
    return found


def _tell_suspensions() -> None:
    with transaction.atomic():
        ids = list(suspended().values_list("pk", flat=True)[:BATCH])
        lock_accounts(ids)
        there = Account.objects.filter(pk__in=ids, is_active=False).values_list("pk", flat=True)
        Errand.objects.owe(*(_errand(pk, SUSPENDED, f"suspended {pk}") for pk in there))


def _tell_restorations() -> None:
    """Tell that they may enter again; should they be suspended once more, that is told, too."""
    with transaction.atomic():
        over = list(restored()[:BATCH])
        lock_accounts(errand.account for errand in over)
        there = set(
            Account.objects.filter(pk__in=[errand.account for errand in over], is_active=True).values_list(
                "pk", flat=True
            )
        )
        for errand in over:
            if errand.account in there:
                renamed = Errand.objects.filter(pk=errand.pk, occasion=errand.occasion)
                renamed.update(occasion=f"was suspended {errand.pk}")
                Errand.objects.owe(_errand(errand.account, CHANGED, f"restored {errand.pk}", changed=["may_enter"]))


def _tell_of_paid_debts() -> None:
    with transaction.atomic():
        steps = list(paid()[:BATCH])
        there = lock_accounts(step.account_id for step in steps)
        Errand.objects.owe(
            *(
                _errand(step.account_id, CHANGED, f"paid {step.pk}", changed=["owed"])
                for step in steps
                if step.account_id in there
            )
        )
