"""Time that passes: every time in the database is moved back, so that "now" comes later for whoever compares them."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.core.cache import cache
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

from provisioning.models import Dependency, Heartbeat

ROOMS = ("accounts", "provisioning", "support")
START = "the start of the story"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+\d\d:\d\d|Z)")


def begin() -> None:
    """The story begins now."""
    Heartbeat.objects.create(name=START, at=Now())


def minute_of(moment: datetime) -> float:
    """Minutes from the beginning of the story to this moment."""
    start: datetime = Heartbeat.objects.get(name=START).at
    return (moment - start) / timedelta(minutes=1)


def pass_time(span: timedelta) -> None:
    """Let so much time pass, for everybody."""
    with transaction.atomic():
        for model, names in _times():
            model._default_manager.update(**{name: F(name) - span for name in names})
        for row in Dependency.objects.all():
            row.evidence = _moved(row.evidence, span)
            row.save(update_fields=["evidence"])
    cache.clear()


def _times() -> Iterator[tuple[type[models.Model], list[str]]]:
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            names = [f.name for f in model._meta.concrete_fields if isinstance(f, models.DateTimeField)]
            if names:
                yield model, names


def _moved(found, span: timedelta):
    """Times within JSON, too."""
    if isinstance(found, dict):
        return {key: _moved(value, span) for key, value in found.items()}
    if isinstance(found, list):
        return [_moved(value, span) for value in found]
    if isinstance(found, str) and ISO.fullmatch(found):
        return (datetime.fromisoformat(found) - span).isoformat()
    return found
