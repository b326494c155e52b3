"""Asking every dependency, and saying in words what works."""

from collections.abc import Callable
from datetime import timedelta

import urllib3
from celery import current_app
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from provisioning.models import OWED, Dependency, Fault, Heartbeat, Step
from provisioning.workspaces import backend_name, http


class Unwell(Exception):
    """It does not work; the message says how."""


def database() -> str:
    try:
        left = MigrationExecutor(connection)
        plan = left.migration_plan(left.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise Unwell(f"does not answer: {error}") from error
    if plan:
        raise Unwell(f"answers, but {len(plan)} migrations are not applied: manage.py migrate")
    return f"PostgreSQL {connection.pg_version // 10000} answers and is up to date"  # type: ignore[attr-defined]


def broker() -> str:
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=0, timeout=1)
            link.default_channel.client.ping()
    except (OperationalError, RedisError, OSError) as error:
        raise Unwell(f"does not answer ({error}); the sweep does its work meanwhile") from error
    return "answers"


def worker() -> str:
    beats = Heartbeat.objects.filter(name="sweep")
    pause = timedelta(seconds=max(30, 3 * settings.SWEEP_SECONDS))
    if beats.filter(at__gt=Now() - pause).exists():
        return "the worker and the beat sweep"
    last = beats.values_list("at", flat=True).first()
    raise Unwell(f"no sweep since {last:%d %b %H:%M} UTC" if last else "no sweep has run yet")


def mail() -> str:
    service = get_connection()
    try:
        service.open()
        service.close()
    except OSError as error:
        raise Unwell(f"does not answer: {error}") from error
    where = (
        getattr(settings, "EMAIL_FILE_PATH", None) if "filebased" in settings.EMAIL_BACKEND else settings.EMAIL_HOST
    )
    return f"letters go to {where}"


def workspaces() -> str:
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
    down = list(Dependency.objects.filter(broken=True).values_list("name", flat=True))
    due = Step.objects.filter(state__in=OWED, due_at__lte=Now()).count()
    if down:
        raise Unwell(f"wait for {', '.join(down)}, which is down for everybody; {due} steps are due")
    return f"{due} steps are due"


def faults() -> str:
    left = Fault.objects.count()
    if left:
        newest = Fault.objects.order_by("-at").first()
        raise Unwell(f"could not handle {left} things, which are tried ever more rarely; the newest: {newest}")
    return "nothing that the machine could not handle"


EXAMINATIONS: dict[str, Callable[[], str]] = {
    "Database": database,
    "Broker": broker,
    "Sweep": worker,
    "Mail": mail,
    "Workspaces": workspaces,
    "People": people,
    "Faults": faults,
}
