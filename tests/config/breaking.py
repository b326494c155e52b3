"""A site whose pages, threads and tasks break, for tests of what the log says then. ROOT_URLCONF leads here."""

import sys
import threading

from celery import current_app
from django.db import connection
from django.urls import include, path

from config.urls import handler400, handler500

__all__ = ["handler400", "handler500", "urlpatterns"]

PERSON = "dana.lund@customer.example"


def breaks(request, token):
    raise RuntimeError(f"could not write to {PERSON} by smtp://user:hunter2@host")


def repeats(request):
    """What PostgreSQL says of a row has the row in it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE once (name text UNIQUE)")
        cursor.execute("INSERT INTO once VALUES (%s), (%s)", ["Dana Lund", "Dana Lund"])


def in_a_thread() -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="beside")
    thread.start()
    thread.join()


@current_app.task(name="breaking")
def task() -> None:
    raise RuntimeError("the task broke")


urlpatterns = [
    path("breaks/<token>/", breaks),
    path("repeats/", repeats),
    path("", include("config.urls")),
]

if "thread" in sys.argv:
    in_a_thread()
