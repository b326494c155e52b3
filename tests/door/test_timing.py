"""A loose guard on timing; `pytest bench/enumeration.py` measures closely."""

import pytest

from bench.enumeration import DOORS, STEPS, a_setup_of_its_own, auc, mail_is, measure
from provisioning.kinds import setup_kinds

pytestmark = pytest.mark.django_db(transaction=True)
WITH_DEFAULTS, *WITH_OTHERS = STEPS


@pytest.mark.parametrize(
    ("door", "steps"), [*((door, WITH_DEFAULTS) for door in DOORS), *(("receipt", steps) for steps in WITH_OTHERS)]
)
def test_the_time_of_an_answer_does_not_tell(door, steps, settings, request):
    settings.THROTTLES = False
    request.addfinalizer(setup_kinds.cache_clear)
    a_setup_of_its_own(settings, STEPS[steps])
    mail_is("up")
    first = measure(door, 40)
    assert 0.3 <= first <= 0.7 or 0.3 <= measure(door, 80) <= 0.7  # other work on the machine may fake one


def test_the_measure_sees_a_difference():
    assert auc([1, 2, 3], [4, 5, 6]) == 1 and auc([1, 2], [1, 2]) == 0.5
