"""Benchmark of the support desk: a million accounts, 10,000 open tickets, three incidents.

`python -m bench.desk [accounts]`. The first screen, the search by address, and stock admin's own search; beside
django-helpdesk's ticket list.
"""

from bench.ground import HOME, ask, ground, multiply, sign_up

# isort: split
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import quantiles

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models.functions import Now
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Account
from accounts.status import Status
from bench.rates import peers_python
from bench.tables import table, verdict
from launcher.servers import sockets_of
from provisioning.models import Dependency, State, Step
from support.desk.search import find
from support.models import Affected, Incident, Ticket

TICKETS, PEOPLE_OF_AN_INCIDENT, ROUNDS = 10_000, 300, 60
Milliseconds = list[float]


def measure(what: Callable[[], object]) -> Milliseconds:
    what()
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        what()
        took.append((time.perf_counter() - started) * 1000)
    return took


def p(took: Milliseconds) -> tuple[str, str]:
    cuts = quantiles(took, n=20)
    return f"{cuts[9]:.1f} ms", f"{cuts[18]:.1f} ms"


def fill(accounts: int) -> None:
    sign_up(accounts, status="active")
    print(f"{accounts} accounts", flush=True)
    ask("ALTER TABLE accounts_account ADD COLUMN place serial")
    ask(f"UPDATE accounts_account SET status = 'failed' WHERE place <= {TICKETS}")
    crowd = f"(SELECT id AS who, place AS n FROM accounts_account WHERE place <= {TICKETS}) AS crowd"
    one = Account.objects.filter(status=Status.ACTIVE).first()
    step = Step.objects.create(
        account=one, kind="workspace", dependency="workspace", state=State.DEAD, error="503", failed_at=Now()
    )
    key = {"account_id": "crowd.who", "key": "gen_random_uuid()"}
    multiply(step, crowd, **key)
    came = "now() - n * interval '1 minute'"
    multiply(
        Ticket.objects.create(account=one, email="dana@bench.example", why="wrote"),
        crowd,
        account_id="crowd.who",
        opened_at=came,
    )
    ask(
        "INSERT INTO support_message (ticket_id, account_id, email, body, whole, message_id, answers, automatic,"
        " bounce, at, read_at, settled_at) SELECT id, account_id, email, 'Where is my account?', '', '', '', false,"
        " false, now(), now(), now() FROM support_ticket"
    )
    incidents()
    ask("ANALYZE")


def incidents() -> None:
    for name in ("mail", "workspace", "crm"):
        Dependency.objects.update_or_create(
            name=name, defaults={"broken": name != "workspace", "probe_at": timezone.now()}
        )
        incident = Incident.objects.create(dependency=name, failure="5xx", error="503", began_at=Now())
        people = Account.objects.filter(status=Status.FAILED)[:PEOPLE_OF_AN_INCIDENT]
        Affected.objects.bulk_create(Affected(incident=incident, account=person) for person in people)


def jordan() -> Client:
    person = Account.objects.create(email="jordan@bench.example", name="Jordan", is_staff=True, status="active")
    person.groups.add(Group.objects.get(name="support"))
    client = Client(HTTP_HOST="localhost")
    client.force_login(person)
    return client


def stock_search(term: str) -> Callable[[], object]:
    """What Django's own changelist does with search_fields: icontains, counted."""
    site = admin.ModelAdmin(Account, admin.site)
    site.search_fields = ["email", "name", "company"]
    request = RequestFactory().get("/")

    def search():
        rows, _again = site.get_search_results(request, Account.objects.order_by("-pk"), term)
        return rows.count(), list(rows[:50])

    return search


def helpdesk() -> Milliseconds:
    """The looks at django-helpdesk's list, in an environment and a database of its own."""
    ask("CREATE DATABASE helpdesk")
    place = {"BENCH_DATABASE": "helpdesk", "BENCH_USER": "postgres", "BENCH_HOST": str(sockets_of(HOME))}
    command = [peers_python(), "-m", "bench.peer_helpdesk", str(TICKETS), str(ROUNDS)]
    done = subprocess.run(command, env=os.environ | place, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def p95(took: Milliseconds) -> float:
    return quantiles(took, n=20)[18]


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    peers_python()
    with ground(throwaway=True):
        fill(accounts)
        client = jordan()
        term = f"dana{accounts - 7}@"
        assert client.get("/admin/").status_code == 200
        found = {
            "Today": measure(lambda: client.get("/admin/")),
            "django-helpdesk's ticket list": helpdesk(),
            "people, first page": measure(lambda: client.get("/admin/accounts/account/")),
            "people, page searched by address": measure(lambda: client.get(f"/admin/accounts/account/?q={term}")),
            "search by address, rows alone": measure(lambda: list(find(Account.objects.order_by("pk"), term)[:51])),
            "stock changelist's search, rows and count alone": measure(stock_search(term)),
        }
    rows = [(name, *p(took)) for name, took in found.items()]
    table(f"The desk: {accounts:,} accounts, {TICKETS:,} tickets, 3 incidents", ("page", "p50", "p95"), rows)
    today, helpdesks, _first, searched, _rows, stock = map(p95, found.values())
    print(f"- Today no slower than django-helpdesk's list: {verdict(today <= helpdesks)}")
    print(f"- the page of a search under a third of the stock changelist's: {verdict(searched < stock / 3)}")


if __name__ == "__main__":
    main()
