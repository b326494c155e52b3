"""The engine that carries out what the database says is due."""

import gc
import os
import sys

from celery import Celery
from celery.signals import beat_init, celeryd_init, worker_ready
from django.core.exceptions import ImproperlyConfigured

from config import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("arrivals")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A page may wait half a second for the broker; a worker and a beat may be more patient.
PATIENT = {"socket_connect_timeout": 5, "socket_timeout": 5}


@celeryd_init.connect
def be_a_patient_worker(conf=None, **_):
    conf.broker_transport_options = conf.broker_transport_options | PATIENT


@beat_init.connect
def be_a_patient_beat(sender=None, **_):
    sender.app.conf.broker_transport_options = sender.app.conf.broker_transport_options | PATIENT


@celeryd_init.connect
def refuse_a_key_of_its_own(**_):
    """Celery logs what a receiver raises, and goes on; this ends it."""
    try:
        checks.refuse_a_key_of_its_own()
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))


@worker_ready.connect
def look_through_new_things_only(**_):
    """Settling makes many rows that soon go; looking through all of Django for garbage was a sixth of the work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
