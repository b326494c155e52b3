"""Dotted paths in the settings lead somewhere, and one that does not is an error of `manage.py check`."""

import pytest
from django.conf import settings

from config.checks import PATH, _texts, dotted_paths


def test_all_are_there():
    assert dotted_paths() == []


def test_it_sees_them():
    seen = {text for name in dir(settings) if name.isupper() for text in _texts(getattr(settings, name))}
    ours = {text for text in seen if PATH.fullmatch(text)}
    assert {*settings.SWEEPS, *settings.CHORES, *settings.OUTBOXES, settings.PASSWORD_HASHERS[0]} <= ours
    assert {settings.CSRF_FAILURE_VIEW, settings.CELERY_BEAT_SCHEDULER} <= ours
    assert {path for path in settings.MIDDLEWARE if not path.startswith(("django", "whitenoise", "csp"))} <= ours


@pytest.mark.parametrize(
    "change",
    [
        {"MIDDLEWARE": ["accounts.middleware.rate_limits.Nothing"]},
        {"OUTBOXES": ["support.nowhere.OUTBOX"]},
        {"CSRF_FAILURE_VIEW": "support.desk.refusals.nothing"},
        {"CELERY_BEAT_SCHEDULER": "provisioning.beat:Nothing"},
        {"AUTH_PASSWORD_VALIDATORS": [{"NAME": "accounts.validators.Nothing"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_one_that_is_not_there_is_named(settings, change):
    for name, value in change.items():
        setattr(settings, name, value)
        assert [message.id for message in dotted_paths()] == ["config.E001"]
        assert name in dotted_paths()[0].msg
