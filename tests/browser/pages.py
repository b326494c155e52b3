"""Every page of the front door in every state worth looking at: a name, how to get there, and its status."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts.email_links import bound, hand_out
from accounts.models import Account, MailboxLink
from accounts.status import Status
from provisioning.emails.compose import AFTER
from provisioning.models import State
from support.models import TrustRepair
from tests.browser.site import Site, dana, mail_is_down, owe

Arrange = Callable[[Site], str]  # sets the state up and returns the path


@dataclass(frozen=True)
class Look:
    arrange: Arrange
    status: int = 200
    send: Callable[[Page], None] | None = None  # what to do there before looking


LOOKS: dict[str, Look] = {}


def look(status: int = 200, send: Callable[[Page], None] | None = None):
    def keep(arrange: Arrange) -> Arrange:
        LOOKS[arrange.__name__.replace("_", "-")] = Look(arrange, status, send)
        return arrange

    return keep


def press(page: Page) -> None:
    page.locator("main form button:not([type=button])").first.click()


def log_in_wrongly(page: Page) -> None:
    page.fill("[name=email]", "dana@acme.example")
    page.fill("[name=password]", "not the password")
    press(page)


def fill_in_badly(page: Page) -> None:
    page.fill("[name=name]", "Dana Sommer")
    page.fill("[name=email]", "dana at acme")
    page.fill("[name=phone]", "call me")
    page.fill("[name=password]", "1234")
    press(page)


@look()
def landing(site: Site) -> str:
    return "/"


@look()
def landing_in_an_outage(site: Site) -> str:
    mail_is_down()
    return "/"


@look()
def signup(site: Site) -> str:
    return reverse("signup")


@look(send=fill_in_badly)
def signup_refused(site: Site) -> str:
    return reverse("signup")


@look()
def login(site: Site) -> str:
    return reverse("login")


@look(send=log_in_wrongly)
def login_refused(site: Site) -> str:
    return reverse("login")


@look(send=press)
def login_empty(site: Site) -> str:
    return reverse("login")


@look()
def arriving_receipt(site: Site) -> str:
    site.signed_up()
    return reverse("arriving")


@look()
def arriving_late(site: Site) -> str:
    mail_is_down()
    owe(site.dana(Status.CREATED), welcome_email="late", workspace="late")
    return reverse("arriving")


@look()
def arriving_half(site: Site) -> str:
    owe(site.dana(Status.PROVISIONED), welcome_email="late")
    return reverse("arriving")


@look()
def arriving_failed(site: Site) -> str:
    owe(site.dana(Status.FAILED), workspace=State.DEAD)
    return reverse("arriving")


@look()
def arriving_ready(site: Site) -> str:
    owe(site.dana())
    return reverse("arriving")


@look()
def arriving_stranger(site: Site) -> str:
    return reverse("arriving")


@look()
def home(site: Site) -> str:
    owe(site.dana())
    return reverse("home")


@look()
def home_with_debt(site: Site) -> str:
    owe(site.dana(Status.PROVISIONED), welcome_email="late")
    return reverse("home")


def letter_to(account: Account, purpose: MailboxLink.Purpose) -> str:
    page = "choose_password" if purpose == MailboxLink.Purpose.RESET else "confirm"
    return reverse(page, args=[hand_out(account, purpose, uuid4())])


@look()
def confirm(site: Site) -> str:
    """From the browser that signed up."""
    return letter_to(site.signed_up(), MailboxLink.Purpose.CONFIRM)


@look()
def confirm_elsewhere(site: Site) -> str:
    return letter_to(dana(status=Status.ACTIVE), MailboxLink.Purpose.CONFIRM)


@look(send=press)
def confirm_done(site: Site) -> str:
    return letter_to(site.signed_up(), MailboxLink.Purpose.CONFIRM)


@look()
def already_here(site: Site) -> str:
    return letter_to(dana(status=Status.ACTIVE, mailbox_proven_at=timezone.now()), MailboxLink.Purpose.ALREADY_HERE)


@look()
def choose_password(site: Site) -> str:
    return letter_to(dana(status=Status.ACTIVE), MailboxLink.Purpose.RESET)


@look(send=press)
def choose_password_refused(site: Site) -> str:
    return letter_to(dana(status=Status.ACTIVE), MailboxLink.Purpose.RESET)


def simple(name: str, path: str, status: int = 200) -> None:
    LOOKS[name] = Look(lambda site: path, status)


simple("password-reset", "/password/reset/")
simple("password-reset-taken", "/password/reset/taken/")
simple("resend", "/resend/")
simple("resend-taken", "/resend/taken/")
simple("after-void", "/after/no-such-token/", 404)


def own_page(name: str, send: Callable[[Page], None] | None = None) -> None:
    """Nothing filled in, so that what is sent is refused."""

    def arrange(site: Site) -> str:
        owe(site.dana(mailbox_proven_at=timezone.now()))
        for _ in range(2):
            Client(headers={"user-agent": "Firefox/140.0 Linux"}).force_login(Account.objects.get())
        return reverse(name)

    LOOKS[name.replace("_", "-") + ("-refused" if send else "")] = Look(arrange, send=send)


for own_name in ("own", "own_password", "own_address", "own_sessions", "own_export"):
    own_page(own_name)
    own_page(own_name, press)


@look()
def move(site: Site) -> str:
    account = site.dana(mailbox_proven_at=timezone.now())
    token = hand_out(account, MailboxLink.Purpose.MOVE, uuid4(), "dana@new.example")
    return reverse("confirm", args=[token])


@look()
def move_not_logged_in(site: Site) -> str:
    token = hand_out(dana(), MailboxLink.Purpose.MOVE, uuid4(), "dana@new.example")
    return reverse("confirm", args=[token])


@look(send=press)
def after_delete(site: Site) -> str:
    now = timezone.now()
    repair = TrustRepair.objects.create(
        account=dana(), incident="alone", level="automatic", state="sent", harms={}, ready_at=now, opened_at=now,
        sent_at=now, followed_up_at=now, followed_up_with="come_back",
    )  # fmt: skip
    return reverse("after_delete", args=[bound(f"repair {repair.pk}", repair.account, AFTER)])


@look()
def address(site: Site) -> str:
    site.signed_up()
    return reverse("address")


@look(send=press)
def address_refused(site: Site) -> str:
    site.signed_up()
    return reverse("address")


@look()
def needed(site: Site) -> str:
    site.signed_up()
    return reverse("needed")


@look()
def delete(site: Site) -> str:
    site.signed_up()
    return reverse("delete")


@look()
def deleted(site: Site) -> str:
    return reverse("deleted")


@look(404)
def confirm_void(site: Site) -> str:
    return reverse("confirm", args=["no-such-token"])


@look()
def contact(site: Site) -> str:
    return reverse("contact")


@look(send=press)
def contact_empty(site: Site) -> str:
    return reverse("contact")


@look()
def contact_taken(site: Site) -> str:
    return reverse("contact_taken")


@look(400)
def product_refused(site: Site) -> str:
    return reverse("oidc_authorize") + "?client_id=nobody"


@look()
def product_logout(site: Site) -> str:
    site.dana()
    return reverse("oidc_logout")


@look(404)
def no_page(site: Site) -> str:
    return "/no/such/page/"


@look(405)
def not_allowed(site: Site) -> str:
    return reverse("logout")


@look(503)
def database_away(site: Site) -> str:
    return "/fails/database/"


def failing(status: int) -> None:
    LOOKS[f"fails-{status}"] = Look(lambda site: f"/fails/{status}/", status)


for code in (400, 403, 413, 429, 500, 503):
    failing(code)


def forget_the_cookie(page: Page) -> None:
    page.context.clear_cookies()
    press(page)


@look(send=forget_the_cookie)
def csrf_refused(site: Site) -> str:
    return reverse("login")
