"""Workspace backends, chosen by the scheme of WORKSPACE_URL.

A backend is a module with `create(step, url) -> reference`, safe to repeat with the same step, and `listed(url)`,
the ids of the workspaces it has.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings

from provisioning.models import Step, Workspace
from provisioning.workspaces import http, local, postgres_schema

BACKENDS = {"local": local, "postgres-schema": postgres_schema, "https": http, "http": http}


def create(step: Step) -> str:
    """Create the workspace of a step in the configured backend, and return its reference. Raises StepFailed."""
    return BACKENDS[backend_name()].create(step, settings.WORKSPACE_URL)


def record(steps: Sequence[Step]) -> None:
    """Insert the rows of the workspaces that now exist, in the transaction that settles their steps."""
    rows = [
        Workspace(account_id=step.account_id, key=step.key, backend=backend_name(), reference=step.reference[:200])
        for step in steps
    ]
    Workspace.objects.bulk_create(rows, ignore_conflicts=True)


def list_workspaces() -> Iterator[str]:
    """Ids of the accounts that have a workspace, as the configured backend itself lists them.

    Raises StepFailed, also half-way, where the backend's list cannot be had.
    """
    yield from BACKENDS[backend_name()].listed(settings.WORKSPACE_URL)


def backend_name() -> str:
    """Scheme of WORKSPACE_URL."""
    return urlsplit(settings.WORKSPACE_URL).scheme
