"""What the desk and the doctor say of calls that were given up, or that a receiver does not want."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client

from accounts.profile.deletion import delete_everything
from provisioning import doctor
from provisioning.models import Errand, State
from provisioning.sweep import drain, sweep
from tests.people import Person, Supporter

pytestmark = pytest.mark.django_db(transaction=True)


def desk() -> str:
    browser = Client()
    browser.force_login(Supporter.create())
    return browser.get("/admin/").content.decode()


def test_the_desk_says_that_the_product_was_not_told_and_it_is_told_on_request(world, settings):
    *_, receiver = world
    settings.SETUP_GIVE_UP_AFTER, settings.DESK_REQUIRES_TOTP = 1, False
    receiver.mode = "500"
    dana = Person.create()
    sweep()
    sweep()
    page = desk()
    assert "The product was not told: account.ready" in page and dana.name in page
    assert "the product said 500" in page and "manage.py retry_errands" in page
    with pytest.raises(doctor.Unwell, match="gave 1 up"):
        doctor.errands()
    receiver.mode = "ok"
    said = StringIO()
    call_command("retry_errands", stdout=said)
    assert said.getvalue() == "1 are owed again.\n"
    drain()
    assert len(receiver.taken) == 1 and "was not told" not in desk()
    assert doctor.errands().startswith("0 are owed")


def test_the_desk_says_that_a_workspace_is_still_there(world, settings):
    _mail, workspaces, _receiver = world
    settings.DESK_REQUIRES_TOTP = False
    dana = Person.create()
    sweep()
    delete_everything(dana)
    Errand.objects.filter(kind="workspace.delete").update(state=State.DEAD, failed_at=Now(), error="it said 503")
    page = desk()
    assert "The workspace of a deleted account is still there" in page and str(dana.pk) in page
    call_command("retry_errands", verbosity=0, stdout=StringIO())
    drain()
    assert workspaces.workspaces == {}


def test_the_doctor_says_that_the_product_asked_us_to_stop(world):
    *_, receiver = world
    receiver.mode = "410"
    Person.create()
    sweep()
    sweep()
    with pytest.raises(doctor.Beware, match=r"1 are owed, and product is left alone until .* UTC: .*resume_events"):
        doctor.errands()
