"""For machines: is the process up, can it do its work, how much is owed."""

from django.db import DatabaseError
from django.db.models import Count
from django.db.models.functions import Now
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from provisioning import doctor
from provisioning.kick import heart_stopped
from provisioning.models import OWED, Dependency, Heartbeat, Step
from provisioning.parked import payable


@never_cache
@require_safe
def healthz(_request):
    return JsonResponse({"process": "ok"})


@never_cache
@require_safe
def readyz(_request):
    """200 while sign-ups can be saved and are being set up; 503 with what is missing otherwise."""
    found = {"database": database_answers(), "broker": broker_answers()}
    found["sweep"] = bool(found["database"]) and not heart_stopped()
    words = {name: "ok" if well else "not answering" for name, well in found.items()}
    return JsonResponse(words, status=200 if all(found.values()) else 503)


def database_answers() -> bool:
    try:
        Heartbeat.objects.first()
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    try:
        doctor.broker()
    except doctor.Unwell:
        return False
    return True


@never_cache
@require_safe
def metrics(_request):
    registry = CollectorRegistry()
    _count_steps(registry)
    _look_at_dependencies(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _count_steps(registry) -> None:
    owed = Gauge("arrivals_steps_owed", "Steps owed now", ["kind", "state"], registry=registry)
    rows = Step.objects.filter(state__in=OWED).values_list("kind", "state").annotate(Count("pk"))
    for kind, state, number in rows:
        owed.labels(kind, state).set(number)
    due = Gauge("arrivals_steps_due", "Steps due now", registry=registry)
    due.set(payable().filter(due_at__lte=Now()).count())


def _look_at_dependencies(registry) -> None:
    down = Gauge("arrivals_dependency_down", "1 while it is down for everybody", ["name"], registry=registry)
    for name, broken in Dependency.objects.values_list("name", "broken"):
        down.labels(name).set(broken)
    beat = Gauge("arrivals_last_sweep_seconds", "When the last sweep ran, Unix time", registry=registry)
    for at in Heartbeat.objects.filter(name="sweep").values_list("at", flat=True):
        beat.set(at.timestamp())
