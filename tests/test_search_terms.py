"""What a Django engineer would search for leads to the file that does it: by its path or its module's docstring."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
ROOMS = ("accounts", "config", "launcher", "product", "provisioning", "support")
TERMS = {
    "audit": "accounts/models/events.py",
    "SLA": "support/service_level/promises.py",
    "business hours": "support/business_hours.py",
    "circuit breaker": "provisioning/engine/circuit_breaker.py",
    "backoff": "provisioning/engine/retry.py",
    "post-mortem": "support/reviews/questions.py",
    "priority": "support/tickets/priority.py",
    "escalat": "support/digests/workload.py",
    "dashboard": "support/desk/dashboard.py",
    "outbox": "support/tickets/outbox.py",
    "saved repl": "support/desk/reply_drafts.py",
    "digest": "support/digests/digests.py",
    "middleware": "accounts/middleware/rate_limits.py",
    "state machine": "accounts/status.py",
    "lease": "provisioning/engine/claim.py",
    "fencing": "provisioning/engine/settle.py",
    "idempotency": "support/actions/views.py",
    "heartbeat": "provisioning/sweep.py",
    "health check": "provisioning/health.py",
    "rate limit": "accounts/throttle.py",
    "webhook": "support/inbound/webhooks.py",
    "bounce": "provisioning/intake/bounces.py",
    "MIME": "support/inbound/mime.py",
    "password validator": "accounts/validators.py",
    "password hash": "accounts/hashers.py",
    "TOTP": "support/desk/two_factor.py",
    "recovery codes": "support/desk/recovery_codes.py",
    "pagination": "support/desk/pagination.py",
    "incident": "support/incidents/detection.py",
    "thread pool": "provisioning/engine/pool.py",
    "system check": "provisioning/checks.py",
    "context processor": "provisioning/context_processors.py",
    "availability": "support/service_level/availability.py",
}


def modules_about(term: str) -> set[str]:
    found = set()
    for room in ROOMS:
        for path in (PROJECT / room).rglob("*.py"):
            if "migrations" not in path.parts:
                said = ast.get_docstring(ast.parse(path.read_text())) or ""
                name = str(path.relative_to(PROJECT))
                if term.lower() in f"{name.replace('_', ' ')} {said.splitlines()[0] if said else ''}".lower():
                    found.add(name)
    return found


@pytest.mark.parametrize("term", TERMS)
def test_a_search_finds_the_file_that_does_it(term):
    assert TERMS[term] in modules_about(term)


@pytest.mark.parametrize("term", TERMS)
def test_and_not_half_of_the_house_with_it(term):
    assert len(modules_about(term)) <= 16


def test_what_nobody_does_is_not_found():
    assert modules_about("blockchain") == set()
