"""An account in each of its states, as set-up leaves it, and how somebody comes to a door with each proof."""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models.functions import Now
from django.test import Client

from accounts.claims import hash_token
from accounts.email_links import Purpose, hand_out
from accounts.models import Account, SignupClaim
from accounts.profile.deletion import delete_everything
from accounts.status import Status
from provisioning.models import State, Step
from support.models import Ticket
from tests.people import PASSWORD, Person

EMAIL = "dana@acme.example"
TOKEN = "t" * 43
OPEN, LATE, DONE, DEAD = "open", "late", "done", "dead"
# The state's name: status, welcome letter, workspace.
ACCOUNTS = {
    "created": (Status.CREATED, OPEN, OPEN),
    "email only": (Status.EMAIL_SENT, DONE, LATE),
    "workspace only": (Status.PROVISIONED, LATE, DONE),
    "active": (Status.ACTIVE, DONE, DONE),
    "failed": (Status.FAILED, DONE, DEAD),
    "suspended": (Status.CREATED, OPEN, OPEN),
}
STATES = ("free", *ACCOUNTS, "deleted")
PROOFS = ("none", "claim", "password", "mailbox")


def bring_about(state: str) -> Account | None:
    if state == "free":
        return None
    status, welcome, workspace = ACCOUNTS.get(state, ACCOUNTS["active"])
    account = Person.create(
        email=EMAIL, password=make_password(PASSWORD), status=status, asked_at=None, is_active=state != "suspended"
    )
    _step(account, "welcome_email", "mail", welcome)
    _step(account, "workspace", "workspace", workspace)
    SignupClaim.objects.create(token_hash=hash_token(TOKEN), email=EMAIL, name="Dana", account=account, proven=True)
    if state == "failed":
        Ticket.objects.create(account=account, email=EMAIL, why=Ticket.Why.GAVE_UP)
    if state == "deleted":
        delete_everything(account)
        return None
    return account


def _step(account: Account, kind: str, dependency: str, how: str) -> None:
    tried = how in (LATE, DEAD)
    Step.objects.create(
        account=account,
        kind=kind,
        dependency=dependency,
        state={LATE: State.OPEN}.get(how, how),
        error="503 from the service" if tried else "",
        attempts=3 if tried else 0,
        failed_at=Now() if tried else None,
        done_at=Now() - timedelta(hours=1) if how == DONE else None,
        due_at=Now() + timedelta(minutes=10),
    )


def come_with(proof: str, account: Account | None) -> tuple[Client, str, str]:
    """The browser, the password that is typed, and the path of a link in a letter."""
    browser, token = Client(), "nonsense"
    if proof == "claim":
        browser.cookies[settings.CLAIM_COOKIE_NAME] = TOKEN
    if account and proof != "none":
        token = hand_out(account, Purpose.CONFIRM, uuid4())
    return browser, PASSWORD if proof == "password" else "a wrong but long one", f"/confirm/{token}/"
