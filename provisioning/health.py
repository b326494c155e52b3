"""Health checks for machines: liveness, readiness, state of the repair, Prometheus metrics.

Is the process up, is the door open, does the repair run, how much is owed.
"""

from functools import wraps
from ipaddress import ip_address

from django.conf import settings
from django.db.models import Count, Min
from django.db.models.functions import Now
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from accounts.database.errors import if_the_database_allows
from accounts.database.timeouts import PROBE, at_most
from provisioning import doctor
from provisioning.dispatch import sweep_is_stale
from provisioning.doctor import SILENT
from provisioning.models import Audit, CanaryRound, Dependency, Fault, Heartbeat, Step
from provisioning.unknown_kinds import payable

# What a proxy adds; never read here for what it says.
PASSED_ON = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
    "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP",
    "HTTP_X_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_FLY_CLIENT_IP",
)


@never_cache
@require_safe
def healthz(_request):
    """Liveness probe: the process answers, and with which version."""
    return JsonResponse({"process": "ok", "version": settings.VERSION})


@never_cache
@require_safe
def readyz(_request):
    """Readiness probe: 200 while a sign-up can be saved (the door is open).

    A broker or a worker that is away shuts no door.
    """
    words = {"database": doctor.database_says()}
    return JsonResponse(words, status=200 if words["database"] == "ok" else 503)


@never_cache
@require_safe
def repairz(_request):
    """State of the repair: 503 with what is missing while nobody is set up. `faults` are for a person to look at."""
    words: dict[str, str | int] = {"database": doctor.database_says()}
    words["broker"] = "ok" if broker_answers() else SILENT
    words["sweep"] = "ok" if words["database"] != SILENT and sweep_runs() else SILENT
    well = all(word == "ok" for word in words.values())
    with at_most(PROBE), if_the_database_allows():
        words["faults"] = Fault.objects.count()
    return JsonResponse(words, status=200 if well else 503)


def sweep_runs() -> bool:
    """True if a sweep has run lately; False also while the database does not answer."""
    with at_most(PROBE), if_the_database_allows():
        return not sweep_is_stale()
    return False


def broker_answers() -> bool:
    """True if the broker answers a ping."""
    try:
        doctor.broker()
    except doctor.Unwell:
        return False
    return True


def for_monitors(view):
    """View decorator: 404 unless asked with METRICS_TOKEN, or from this very machine.

    To others there is no such page: its counts move for known addresses only.
    """

    @wraps(view)
    def monitors_only(request):
        if not (has_token(request) or is_from_here(request)):
            raise Http404
        return view(request)

    return monitors_only


def has_token(request) -> bool:
    """True if the request has METRICS_TOKEN as its bearer token, compared in constant time."""
    scheme, _blank, given = request.headers.get("Authorization", "").partition(" ")
    right = constant_time_compare(given.strip(), settings.METRICS_TOKEN)
    return bool(settings.METRICS_TOKEN) and scheme.lower() == "bearer" and right


def is_from_here(request) -> bool:
    """True if the request comes from loopback, with nothing in between.

    What a proxy on this machine passes on comes from loopback, too.
    """
    passed_on = any(name in request.META for name in PASSED_ON)
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback and not passed_on


@for_monitors
@never_cache
@require_safe
def metrics(_request):
    """Metrics for Prometheus: steps owed and due, dependencies that are down, last sweep, audit and canary."""
    registry = CollectorRegistry()
    _count_steps(registry)
    _look_at_dependencies(registry)
    _read_last_audit(registry)
    _read_last_round(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _count_steps(registry) -> None:
    owed = Gauge("arrivals_steps_owed", "Steps owed now", ["kind", "state"], registry=registry)
    rows = Step.objects.owed().filter(account__canary=False).values_list("kind", "state").annotate(Count("pk"))
    for kind, state, number in rows:
        owed.labels(kind, state).set(number)
    due = Gauge("arrivals_steps_due", "Steps due now", registry=registry)
    overdue = payable().filter(due_at__lte=Now(), account__canary=False)
    due.set(overdue.count())
    oldest = Gauge("arrivals_oldest_due_seconds", "For how long the oldest of them is due", registry=registry)
    oldest.set(_seconds_since_due(overdue))


def _seconds_since_due(overdue) -> float:
    """Age of the longest overdue step by the database's clock; 0 where none is."""
    age = overdue.aggregate(age=Now() - Min("due_at"))["age"]
    return age.total_seconds() if age else 0.0


def _look_at_dependencies(registry) -> None:
    down = Gauge("arrivals_dependency_down", "1 while it is down for everybody", ["name"], registry=registry)
    for name, broken in Dependency.objects.values_list("name", "broken"):
        down.labels(name).set(broken)
    beat = Gauge("arrivals_last_sweep_seconds", "When the last sweep ran, Unix time", registry=registry)
    for at in Heartbeat.objects.filter(name="sweep").values_list("at", flat=True):
        beat.set(at.timestamp())
    faults = Gauge("arrivals_faults", "Things that the machine could not handle", registry=registry)
    faults.set(Fault.objects.count())


def _read_last_audit(registry) -> None:
    """Without an audit there is no number: none found is not the same as none looked for."""
    if last := Audit.objects.last():
        wrong = Gauge("arrivals_unaccounted", "Rows that nobody accounts for, in the last audit", registry=registry)
        wrong.set(last.unaccounted)
        at = Gauge("arrivals_last_audit_seconds", "When the last audit ran, Unix time", registry=registry)
        at.set(last.at.timestamp())


def _read_last_round(registry) -> None:
    if last := CanaryRound.objects.last():
        troubles = Gauge("arrivals_canary_troubles", "What the canary noticed in its last round", registry=registry)
        troubles.set(len(last.troubles))
        at = Gauge("arrivals_last_canary_seconds", "When the canary's last round ended, Unix time", registry=registry)
        at.set(last.at.timestamp())
        if last.seconds is not None:
            ready = Gauge("arrivals_canary_ready_seconds", "From sign-up to ready, from outside", registry=registry)
            ready.set(last.seconds)
