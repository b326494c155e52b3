import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache

from provisioning import dispatch
from provisioning.engine.loop import ENGINE
from support.digests import digests

# Real argon2, but not 100 MiB and 0.2 s of it in each of thousands of requests. Processes of their own
# (stories, faults) use what is shipped.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 64, 1


@pytest.fixture(autouse=True)
def the_heart_beats(request, monkeypatch):
    """No sweep runs beside the tests, so every look at the waiting room would start a slice of its own: a thread
    that goes on writing into the database of the next test. Those about slices say `@pytest.mark.slice`.
    """
    if "slice" not in request.keywords:
        monkeypatch.setattr(dispatch, "run_inline", lambda: None)


@pytest.fixture(autouse=True)
def no_letter_of_the_day(monkeypatch):
    """Whether one is due depends on the hour at which the tests run. In tests/time it does not."""
    monkeypatch.setattr(digests, "make", lambda now: None)


@pytest.fixture(autouse=True)
def the_desks_zone_is_asked_for_anew():
    """It is kept for a minute, which is the next test's, too."""
    cache.delete("default-zone")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    """Before the database is emptied, whatever slice was started is over."""
    with dispatch._slice:
        pass
    assert ENGINE.wait(60)


# Few tests that take minutes, of whole sites: begun last, they would be waited for alone.
LONG = (
    "tests/deploy/test_handbook",
    "tests/hosts",
    "tests/faults",
    "tests/stories",
    "tests/time/test_evening",
    "tests/ticks",
)


def pytest_collection_modifyitems(items):
    """Whole sites first (with --no-loadscope-reorder), so that no processor is idle at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
