"""Steps of unknown kinds, which no code here performs: parked, neither claimed nor given up.

A kind that this process does not know may be one that was taken out of SETUP_STEPS, or one that only newer code
knows while a deploy is under way. Its rows are parked either way: never claimed, never given up, no try spent.
For a while they count, so that nobody is called finished by an old worker a moment before a new one pays; then
they are no reason to keep anybody waiting. Whoever knows the kind (again) pays them still.
"""

from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from provisioning.kinds import known_kinds, names_by_old, setup_kinds
from provisioning.models import Step

COUNTS_FOR = timedelta(minutes=1)


def counted() -> Q:
    """Filter for the set-up steps that count for the status of an account."""
    return Q(kind__in=[*setup_kinds(), *names_by_old()]) | Q(created_at__gt=Now() - COUNTS_FOR)


def payable() -> QuerySet[Step]:
    """Steps that are owed and can be performed by this process."""
    return Step.objects.owed().filter(kind__in=list(known_kinds()))


def parked() -> dict[str, int]:
    """How many are owed of each kind that nothing here knows."""
    rows = Step.objects.owed().exclude(kind__in=list(known_kinds()))
    return dict(rows.order_by("kind").values_list("kind").annotate(Count("pk")))


def follow_dependencies() -> None:
    """Update the dependency of steps that are owed to the one their function names now.

    They are claimed by that name.
    """
    for name in (*setup_kinds(), *names_by_old()):
        needs = known_kinds()[name].dependency
        Step.objects.of_setup().owed().filter(kind=name).exclude(dependency=needs).update(dependency=needs)
