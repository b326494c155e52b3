"""What is Acme's: its page, its template, its step. What is Arrivals' is tested there."""

import pytest
from django.core.management import call_command
from provisioning.exceptions import StepFailed
from provisioning.intake.pickup import pick_up
from provisioning.models import Step

from accounts.models import Account
from accounts.status import Status
from acme.steps import reserve_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana():
    return Account.objects.create(email="dana@example.com", name="Dana Sommer", company="Wayne & Co", asked_at=None)


def test_the_settings_hold_together():
    call_command("check", fail_level="WARNING")


def test_our_home_page_is_shown(client, dana):
    Account.objects.update(status=Status.ACTIVE)
    client.force_login(dana)
    assert "Welcome to Acme, Dana" in client.get("/home/").content.decode()
    assert "Hello from Acme" in client.get("/hello/").content.decode()


def test_whoever_signs_up_is_owed_our_step(client):
    fields = {"name": "Kim", "email": "kim@example.com", "phone": "1", "company": "Wayne & Co"}
    assert client.post("/signup/", fields | {"password": "correct horse battery staple"}).status_code == 302
    pick_up()
    assert Step.objects.filter(kind="acme.steps.reserve_name", dependency="names").count() == 1


def test_the_step_comes_to_the_same(dana):
    assert reserve_name(dana, "a key") == reserve_name(dana, "a key") == "name-wayneco"
    dana.company = "&"
    with pytest.raises(StepFailed):
        reserve_name(dana, "a key")
