"""django-helpdesk's ticket list, for `bench/desk.py`: runs in the environment of bench/requirements.txt.

    python -m bench.peer_helpdesk <tickets> <rounds>

Fills its own database and prints the milliseconds of each look as JSON. The list is a page and the data that its
table then asks for, twenty-five rows; both are counted, as both are waited for.
"""

import json
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

from bench.peer_site import EVERY_SITE

settings.configure(
    **EVERY_SITE,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.humanize",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.staticfiles",
        "rest_framework",
        "helpdesk",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    HELPDESK_TEAMS_MODE_ENABLED=False,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    STATIC_URL="/static/",
    SITE_ID=1,
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from helpdesk.models import FollowUp, Queue, Ticket  # noqa: E402
from helpdesk.query import query_to_base64  # noqa: E402

urlpatterns = [path("", include("helpdesk.urls"))]


def fill(tickets: int) -> None:
    queue = Queue.objects.create(title="Support", slug="support")
    who = (f"dana{n}@bench.example" for n in range(tickets))
    new = [
        Ticket(queue=queue, title="Where is my account?", description="It is not there.", submitter_email=email)
        for email in who
    ]
    made = Ticket.objects.bulk_create(new)
    FollowUp.objects.bulk_create(FollowUp(ticket=ticket, title="Wrote", comment="And again.") for ticket in made)


def look():
    """One look at the list by somebody who may see it: a function that returns nothing and fails loudly."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("jordan", "jordan@bench.example", "not used"))
    query = query_to_base64({"filtering": {"status__in": [1, 2]}, "sorting": "created", "sortreverse": False})

    def once() -> None:
        page = client.get("/tickets/")
        assert page.status_code == 200, page.status_code
        rows = client.get(f"/datatables_ticket_list/{query}", {"draw": 1, "start": 0, "length": 25})
        assert len(rows.json()["data"]) == 25

    return once


def main(tickets: int, rounds: int) -> None:
    call_command("migrate", verbosity=0)
    fill(tickets)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    once = look()
    once()
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        once()
        took.append(1000 * (time.perf_counter() - started))
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
