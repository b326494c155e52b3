"""The site as one person finds it: their cookies, and their account in the state the test needs."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.claims import new_token
from accounts.models import Account
from accounts.signup import Typed, sign_up
from accounts.status import Status
from provisioning.models import Dependency, State, Step
from tests.people import PASSWORD, Person

DANA = {"name": "Dana Sommer", "email": "dana@acme.example", "phone": "+49 30 901820", "company": "Acme & Sons"}
EVERY_STEP = ("welcome_email", "workspace")
DEPENDENCY = {"welcome_email": "mail", "workspace": "workspace"}


@dataclass
class Site:
    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def cookie_jar(self) -> list:
        return [{"name": name, "value": value, "url": self.url} for name, value in self.cookies.items()]

    def signed_up(self) -> Account:
        """Dana's browser, a moment after she sent the form."""
        token = new_token()
        sign_up(Typed(**DANA, password=PASSWORD, canary=False), token)
        self.cookies[settings.CLAIM_COOKIE_NAME] = token
        return Account.objects.get(email=DANA["email"])

    def logged_in(self, account: Account) -> Account:
        client = Client()
        client.force_login(account)
        self.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        return account

    def dana(self, status: Status = Status.ACTIVE, **facts) -> Account:
        return self.logged_in(dana(status=status, **facts))


def dana(**facts) -> Account:
    return cast(Account, Person(**(DANA | {"asked_at": None} | facts)))


def owe(account: Account, **states: str) -> None:
    """Steps in the state named, `late` being one that failed and is tried again at a time still to come."""
    for kind in EVERY_STEP:
        state = states.get(kind, State.DONE)
        late = state == "late"
        Step.objects.create(
            account=account,
            kind=kind,
            dependency=DEPENDENCY[kind],
            state=State.OPEN if late else state,
            error="no answer" if late or state == State.DEAD else "",
            failed_at=timezone.now() if late or state == State.DEAD else None,
            done_at=timezone.now() if state == State.DONE else None,
            due_at=Now() + timedelta(minutes=15),
            pay_by=timezone.now() if state == State.WAIVED else None,
        )


def mail_is_down() -> None:
    Dependency.objects.update_or_create(
        name="mail", defaults={"broken": True, "probe_at": timezone.now() + timedelta(minutes=9)}
    )
