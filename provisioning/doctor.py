"""Health checks of everything we depend on, each with its result in words, for `manage.py doctor`.

Each examination returns a sentence, or raises Unwell or Beware.
"""

from collections.abc import Callable

import urllib3
from celery import current_app
from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now

from accounts.database.errors import DATABASE_ERRORS
from accounts.database.timeouts import PROBE, at_most, limit_statements, too_patient
from accounts.status import Status
from provisioning.dispatch import BROKER_ERRORS, sweep_is_stale
from provisioning.emails import services
from provisioning.errands.source import kept_back
from provisioning.intake.backfill import given_up_later
from provisioning.key_fingerprints import others_have_another
from provisioning.models import Dependency, Errand, Fault, Heartbeat, State, Step
from provisioning.unknown_kinds import parked, payable
from provisioning.workspaces import backend_name, http

SILENT = "not answering"
TOO_PATIENT_WITH = {
    "client_connection_check_interval": "a question whose asker is gone",
    "idle_in_transaction_session_timeout": "a transaction in which nothing happens",
    "lock_timeout": "somebody else's lock",
    "statement_timeout": "a single statement",
}
A_DEAD_PEER = "a connection whose other end is gone"
ENGINE_CONNECTIONS = 8  # that a process may have for carrying out steps, beside those of its own threads
SERVER = """
    SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int
             + coalesce(current_setting('reserved_connections', true), '0')::int,
        (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
        (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""


class Unwell(Exception):
    """Failed health check: it does not work; the message says how."""


class Beware(Exception):
    """Health check with a warning: it works, and may not for long; the message says why."""


def database() -> str:
    """The database answers, is writable and has all migrations."""
    try:
        left = MigrationExecutor(connection)
        plan = left.migration_plan(left.loader.graph.leaf_nodes())
    except DATABASE_ERRORS as error:
        raise Unwell(f"does not answer: {error}") from error
    if database_says() == "read-only":
        raise Unwell("answers, but is read-only: no sign-up can be saved until it is writable again")
    if plan:
        raise Unwell(f"answers, but {len(plan)} migrations are not applied: manage.py migrate")
    return f"PostgreSQL {connection.pg_version // 10000} answers and is up to date"  # type: ignore[attr-defined]


def database_says() -> str:
    """State of the database, asked within seconds: ok, read-only (as after a failover) or not answering.

    It says whether a sign-up can be saved.
    """
    try:
        with at_most(PROBE), connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            return "ok" if cursor.fetchone() == ("off",) else "read-only"
    except DATABASE_ERRORS:
        return SILENT


def limits() -> str:
    """The database server's timeouts; where they are missing, the SQL that sets them."""
    lax = too_patient(connection)
    if not lax:
        return "a dead peer, an idle transaction, a lock and a statement all have an end"
    waits = [f"{TOO_PATIENT_WITH.get(name, A_DEAD_PEER)} ({name} is {value})" for name, value in lax.items()]
    mend = [limit_statements(connection, name)[0].as_string() + ";" for name in lax]
    raise Unwell(
        f"the server waits too long for {', '.join(waits)}. As the owner of the database, run: {' '.join(mend)} "
        "New connections have it then; a pooler in between must be told to reconnect."
    )


def key() -> str:
    """SECRET_KEY is the same on all hosts that sweep."""
    if others_have_another():
        raise Unwell("is not that of another host that sweeps: give all hosts the same SECRET_KEY")
    if settings.SECRET_KEY_NAMED:
        return "named, and nobody who sweeps has another"
    return "made by this host for itself: name SECRET_KEY before there is a second one"


def connections() -> str:
    """Connections to the database: those that one process of each kind needs, beside what the server allows."""
    need = connections_needed(settings.DATABASES["default"]["OPTIONS"].get("pool"))
    with connection.cursor() as cursor:
        cursor.execute(SERVER)
        most, kept, of_database, of_role, used = cursor.fetchone()
    room = min([most - kept, *(limit for limit in (of_database, of_role) if limit >= 0)])
    parts = ", ".join(f"{name} up to {number}" for name, number in need.items())
    words = f"{parts}: {sum(need.values())} with one of each; the server lets us have {room}, {used} are in use"
    if sum(need.values()) > room:
        raise Beware(f"{words}. That does not fit: raise max_connections, or say pool=true in DATABASE_URL")
    return words


def connections_needed(pool: dict[str, int] | None) -> dict[str, int]:
    """Connections to the database that one process of each kind needs.

    One for each thread that serves, and those of the engine, which a page may start, too. A pool caps them.
    """
    need = {
        "a web process": settings.WEB_THREADS + 1 + ENGINE_CONNECTIONS,
        "a worker": settings.WORKER_THREADS + ENGINE_CONNECTIONS,
        "the beat": 1,
    }
    return {name: min(number, pool["max_size"]) for name, number in need.items()} if pool else need


def broker() -> str:
    """The broker answers a ping."""
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=0, timeout=1)
            link.default_channel.client.ping()
    except BROKER_ERRORS as error:
        raise Unwell(f"does not answer ({error}); the sweep does its work meanwhile") from error
    return "answers"


def worker() -> str:
    """A sweep has run lately, so worker and beat are there."""
    if not sweep_is_stale():
        return "the worker and the beat sweep"
    last = Heartbeat.objects.filter(name="sweep").values_list("at", flat=True).first()
    raise Unwell(f"no sweep since {last:%d %b %H:%M} UTC" if last else "no sweep has run yet")


def mail() -> str:
    """The mail service takes a connection."""
    service = get_connection()
    try:
        if settings.MAIL_SERVICE:
            return f"email goes by {services.knock()}"
        service.open()
        service.close()
    except OSError as error:
        raise Unwell(f"does not answer: {error}") from error
    where = (
        getattr(settings, "EMAIL_FILE_PATH", None) if "filebased" in settings.EMAIL_BACKEND else settings.EMAIL_HOST
    )
    return f"email goes to {where}"


def workspaces() -> str:
    """The workspace service answers and accepts our token."""
    if backend_name() not in ("http", "https"):
        return f"{backend_name()}: they live in our own database"
    place, headers = http.target(settings.WORKSPACE_URL)
    try:
        answer = http.pool().request("GET", f"{place}/doctor", headers=headers)
    except urllib3.exceptions.HTTPError as error:
        raise Unwell(f"do not answer: {type(error).__name__}") from error
    if answer.status in (401, 403):
        raise Unwell(f"do not accept our token ({answer.status})")
    if answer.status >= 500:
        raise Unwell(f"answer {answer.status}")
    return "answer"


def people() -> str:
    """Steps that are due, owed to active people, given up or parked.

    Raises Unwell while a dependency is down for everybody.
    """
    down = list(Dependency.objects.filter(broken=True).values_list("name", flat=True))
    words = f"{payable().filter(due_at__lte=Now()).count()} steps are due{_to_active()}"
    if kinds := ", ".join(f"{number} × {kind}" for kind, number in parked().items()):
        words += f"; parked, since no step of SETUP_STEPS here has that name: {kinds}"
    if down:
        raise Unwell(f"wait for {', '.join(down)}, which is down for everybody; {words}")
    return words


def _to_active() -> str:
    """Words about steps of people who are active: still owed, or given up.

    Those were owed to them later, and let nobody wait.
    """
    owed = Step.objects.of_setup().owed().filter(account__status=Status.ACTIVE).count()
    dead = given_up_later().count()
    words = f"; {owed} are owed to people who are active" if owed else ""
    return words + (f"; {dead} of people who are active were given up" if dead else "")


def errands() -> str:
    """Calls to the product and the workspace service: owed, kept back at the service's own wish, or given up."""
    owed = Errand.objects.filter(state=State.OPEN).count()
    if dead := Errand.objects.filter(state=State.DEAD).count():
        raise Unwell(f"gave {dead} up, which services were not told of; to try again: manage.py retry_errands")
    if held := kept_back().first():
        raise Beware(
            f"{owed} are owed, and {held.dependency} is left alone until {held.due_at:%H:%M} UTC: {held.error}"
        )
    return f"{owed} are owed to the product and the workspace service"


def faults() -> str:
    """Number of faults, and the newest of them."""
    left = Fault.objects.count()
    if left:
        newest = Fault.objects.order_by("-at").first()
        raise Unwell(f"could not handle {left} things, which are tried ever more rarely; the newest: {newest}")
    return "nothing that the machine could not handle"


def version() -> str:
    """The release that runs here."""
    return f"Arrivals {settings.VERSION}"


EXAMINATIONS: dict[str, Callable[[], str]] = {
    "Version": version,
    "Database": database,
    "Limits": limits,
    "Key": key,
    "Connections": connections,
    "Broker": broker,
    "Sweep": worker,
    "Mail": mail,
    "Workspaces": workspaces,
    "People": people,
    "Errands": errands,
    "Faults": faults,
}
