"""The Celery application and its signal handlers: it carries out what the database says is due."""

import gc
import os
import sys

from celery import Celery
from celery.signals import beat_init, celeryd_init, task_postrun, task_prerun, worker_ready
from celery.states import SUCCESS
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections, connections

from config import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("arrivals")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A page may wait half a second for the broker; a worker and a beat may be more patient.
PATIENT = {"socket_connect_timeout": 5, "socket_timeout": 5}
NEVER_BY_CELERY = 10**9  # tasks after which it closes our connections: that is done below


@celeryd_init.connect
def be_a_patient_worker(conf=None, **_):
    """Give a worker longer broker timeouts than a page."""
    conf.broker_transport_options = conf.broker_transport_options | PATIENT


@celeryd_init.connect
def keep_connections(conf=None, **_):
    """Keep database connections between tasks.

    Over a new connection an empty sweep costs half as much again: the server, too, begins with nothing.
    """
    conf["CELERY_DB_REUSE_MAX"] = NEVER_BY_CELERY


@task_prerun.connect
def check_connections(**_):
    """Close database connections that are too old, before each task."""
    close_old_connections()


@task_postrun.connect
def close_connections(state=None, **_):
    """Close database connections after a task: those that broke, are old (CONN_MAX_AGE), or all after a failure.

    When a task failed, the database may be another now.
    """
    if state == SUCCESS:
        close_old_connections()
    else:
        connections.close_all()


@beat_init.connect
def be_a_patient_beat(sender=None, **_):
    """Give a beat longer broker timeouts than a page."""
    sender.app.conf.broker_transport_options = sender.app.conf.broker_transport_options | PATIENT


@celeryd_init.connect
def refuse_a_key_of_its_own(**_):
    """Stop a worker that would make a SECRET_KEY of its own.

    Celery logs what a receiver raises, and goes on; this ends it.
    """
    try:
        checks.refuse_a_key_of_its_own()
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))


@worker_ready.connect
def look_through_new_things_only(**_):
    """Tune garbage collection for a worker: freeze what start-up made, and collect less often.

    Settling makes many rows that soon go; looking through all of Django for garbage was a sixth of the work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
