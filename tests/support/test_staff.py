"""Staff are invited, given roles, suspended and freed of a lost phone at the desk, by owners and nobody else."""

import re
from collections.abc import Callable
from html import unescape
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Event, Login, Voice
from accounts.status import Status
from provisioning.emails.compose import compose
from provisioning.intake.backfill import backfill
from provisioning.intake.pickup import pick_up
from provisioning.models import Step
from support.actions.page_state import Seen, seal
from support.models import Press, RecoveryCode
from support.staff import views
from support.staff.members import may_manage, members, staff
from support.staff.views import ACTS, NOBODY
from tests.people import PASSWORD, Person, Supporter
from tests.support.conftest import make_roles

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Kim Berg",
    "email": "Kim@Arrivals.example ",
    "role": "support",
    "language": "en",
    "reason": "mornings",
}
WORDS = {"reason": "asked for it on the phone", "role": "support"}


@pytest.fixture(autouse=True)
def roles(db):
    make_roles(apps, None)


def of_role(*roles: str, **more) -> Account:
    user = Supporter.create(**{"is_superuser": False} | more)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def logged_in(user: Account) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def olga():
    return of_role("owner", name="Olga Owner")


@pytest.fixture
def desk(olga):
    return logged_in(olga)


def state_of(whom: Account) -> dict:
    [member] = members(Account.objects.filter(pk=whom.pk))
    return dict(member.state())


def post(client: Client, viewer: Account, act: str, whom: Account | None = None, seen: str = "", **words):
    """Press the button with a seal that is valid, whether the page offers it or not."""
    seen = seen or seal(state_of(whom) if whom else NOBODY, viewer)
    return client.post(f"/admin/staff/{act}/", (WORDS if whom else NEW) | words | {"seen": seen}, follow=True)


def said(answer) -> str:
    [text] = re.findall(r'<ul class="messagelist">(.*?)</ul>', answer.content.decode(), re.DOTALL)
    return unescape(re.sub(r"<.*?>", "", text)).strip()


def seen_on(page: str, act: str, whom: Account | None = None) -> str:
    if whom:
        [page] = re.findall(rf'aria-labelledby="member-{whom.pk}".*?</article>', page, re.DOTALL)
    form = page.split(f'action="/admin/staff/{act}/"')[1].split("</form>")[0]
    return re.findall(r'name="seen" value="(.*?)"', form)[0]


def offered(page: str, whom: Account) -> set[str]:
    [card] = re.findall(rf'aria-labelledby="member-{whom.pk}".*?</article>', page, re.DOTALL)
    return set(re.findall(r'action="/admin/staff/(\w+)/"', card))


def letter(kind: str):
    step = Step.objects.get(kind=f"letter.{kind}")
    return compose(kind, step)


def test_somebody_invited_chooses_a_password_and_is_in(desk, olga):
    seen = seen_on(desk.get("/admin/staff/").content.decode(), "invite")
    assert "An invitation to kim@arrivals.example is on its way." in said(post(desk, olga, "invite", seen=seen))
    kim = Account.objects.get(email="kim@arrivals.example")
    assert (kim.is_staff, kim.is_superuser, kim.status, kim.asked_at) == (True, False, Status.ACTIVE, None)
    assert not kim.has_usable_password() and [group.name for group in kim.groups.all()] == ["support"]
    line = Event.objects.get(account=kim, voice=Voice.SUPPORT)
    assert (line.kind, line.actor, line.detail) == ("invited_to_the_desk", olga, "support: mornings")

    mail = letter("staff_invited")
    assert mail.to == ["kim@arrivals.example"] and "support desk by Olga Owner." in mail.body
    link = re.findall(r"/password/choose/\S+", mail.body)[0]
    browser = Client()
    page = browser.get(link).content.decode()
    assert 'name="password"' in page and 'name="phone"' not in page, "nothing is asked for that staff do not have"
    assert 'href="/admin/"' in browser.post(link, {"password": PASSWORD}).content.decode()
    assert "already used" in unescape(browser.get(link).content.decode())
    browser.post("/admin/login/?next=/admin/", {"username": kim.email, "password": PASSWORD})
    assert browser.get("/admin/").status_code == 200 and browser.get("/admin/staff/").status_code == 403


def test_staff_are_owed_no_set_up(desk, olga):
    post(desk, olga, "invite")
    pick_up()
    assert backfill("workspace") == 0 and not Step.objects.of_setup().exists()


def test_a_second_click_invites_nobody_twice(desk, olga):
    seen = seal(NOBODY, olga)
    post(desk, olga, "invite", seen=seen)
    assert "already pressed" in said(post(desk, olga, "invite", seen=seen, email="lee@arrivals.example"))
    assert Step.objects.filter(kind="letter.staff_invited").count() == 1
    assert not Account.objects.filter(email="lee@arrivals.example").exists()


def test_the_invitation_is_in_their_language(desk, olga):
    post(desk, olga, "invite", language="de")
    assert "Olga Owner hat Sie in den Support von Arrivals eingeladen." in letter("staff_invited").body


def test_a_customer_does_not_become_staff_by_a_typo(desk, olga):
    dana = Person.create(email="kim@arrivals.example", name="Dana")
    before = Account.objects.filter(pk=dana.pk).values().get()
    answer = post(desk, olga, "invite")
    assert "an account of somebody who signed up" in said(answer)
    assert Account.objects.filter(pk=dana.pk).values().get() == before and not dana.groups.exists()
    assert not Step.objects.exists() and not Event.objects.filter(account=dana).exists()
    assert 'value="Kim Berg"' in answer.content.decode(), "what was typed stays"


def test_an_address_of_staff_is_said_to_be_one(desk, olga):
    kim = of_role("owner", email="kim@arrivals.example", name="Kim")
    assert "Kim uses the desk with that address already." in said(post(desk, olga, "invite"))
    assert [group.name for group in kim.groups.all()] == ["owner"] and not Step.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"email": "kim at home"}, "Enter an email address"),
        ({"name": " "}, "Enter a name."),
        ({"name": "…"}, "at least one letter"),
        ({"reason": ""}, "Enter a reason."),
        ({"role": "superuser"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_is_said(desk, olga, wrong, sentence):
    assert sentence in said(post(desk, olga, "invite", **wrong))
    assert not Account.objects.filter(email__startswith="kim").exists() and not Press.objects.exists()


def test_the_invitation_is_sent_again_until_there_is_a_password(desk, olga):
    post(desk, olga, "invite")
    kim = Account.objects.get(email="kim@arrivals.example")
    assert "invite_again" in offered(desk.get("/admin/staff/").content.decode(), kim)
    first = letter("staff_invited").body
    assert "hasn't gone out yet" in said(post(desk, olga, "invite_again", kim))
    Step.objects.update(state="done")
    assert "Another invitation" in said(post(desk, olga, "invite_again", kim))
    second = compose("staff_invited", Step.objects.get(state="open")).body
    old, new = (re.findall(r"/password/choose/\S+", text)[0] for text in (str(first), str(second)))
    assert Client().get(old).status_code == 410 and Client().get(new).status_code == 200
    assert "chosen a password already" in said(post(desk, olga, "invite_again", of_role("support")))


def test_a_role_is_changed_and_changed_back(desk, olga):
    kim = of_role("support", name="Kim")
    theirs = logged_in(kim)
    assert theirs.get("/admin/staff/").status_code == 403
    assert "Kim has another role now." in said(post(desk, olga, "role", kim, role="owner"))
    assert theirs.get("/admin/staff/").status_code == 200
    assert "that is the role of Kim already" in said(post(desk, olga, "role", kim, role="owner"))
    post(desk, olga, "role", kim, role="support")
    assert theirs.get("/admin/staff/").status_code == 403 and theirs.get("/admin/").status_code == 200
    lines = Event.objects.filter(account=kim, kind="role_changed", actor=olga).order_by("pk")
    assert [line.detail for line in lines] == [f"{way}: {WORDS['reason']}" for way in
        ("support → owner", "owner → support")]  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"roles": ["support"]},
        {"roles": ["owner"], "is_active": False},
        {"roles": ["owner"], "password": "!"},
        {"is_superuser": True, "is_active": False},
    ],
    ids=["nobody", "support", "suspended", "invited", "suspended superuser"],
)
def test_the_last_owner_stays(desk, olga, other):
    of_role(*other.pop("roles", []), **other)
    assert "nobody else could let people in to the desk then" in said(post(desk, olga, "role", olga))
    assert desk.get("/admin/staff/").status_code == 200


@pytest.mark.parametrize("other", [{"roles": ["owner"]}, {"is_superuser": True}])
def test_an_owner_who_is_not_the_last_may_become_support(desk, olga, other):
    of_role(*other.pop("roles", []), **other)
    answer = post(desk, olga, "role", olga)
    assert "Olga Owner has another role now." in said(answer) and answer.wsgi_request.path == "/admin/"
    assert desk.get("/admin/staff/").status_code == 403


def test_who_may_manage_staff_without_being_an_owner_leaves_the_last_owner_in(olga):
    kim = of_role("support")
    kim.user_permissions.add(Permission.objects.get(codename="manage_staff"))
    for act in ("suspend", "role"):
        assert "nobody else could let people in" in said(post(logged_in(kim), kim, act, olga))
    assert Account.objects.get(pk=olga.pk).is_active


def test_who_is_suspended_is_out_at_once_and_can_be_let_back_in(desk, olga):
    kim = of_role("support", name="Kim")
    browsers = [logged_in(kim), logged_in(kim)]
    assert all(each.get("/admin/").status_code == 200 for each in browsers)
    assert "Kim is suspended and logged out everywhere." in said(post(desk, olga, "suspend", kim))
    assert all(each.get("/admin/").status_code == 302 for each in browsers)
    assert not Login.objects.filter(account=kim).exists()
    assert "Suspended" in desk.get("/admin/staff/").content.decode()
    again = Client()
    again.post("/admin/login/", {"username": kim.email, "password": PASSWORD})
    assert again.get("/admin/").status_code == 302
    kim.refresh_from_db()
    assert "suspended already" in said(post(desk, olga, "suspend", kim))
    assert "Kim can use the desk again." in said(post(desk, olga, "let_back_in", kim))
    assert logged_in(kim).get("/admin/").status_code == 200
    assert browsers[0].get("/admin/").status_code == 302, "old sessions stay ended"
    kinds = Event.objects.filter(account=kim, voice=Voice.SUPPORT, actor=olga, detail=WORDS["reason"])
    assert set(kinds.values_list("kind", flat=True)) == {"suspended", "sessions_ended", "let_back_in"}


def test_nobody_suspends_themselves(desk, olga):
    of_role("owner")
    assert "suspend" not in offered(desk.get("/admin/staff/").content.decode(), olga)
    assert "nobody can suspend themselves" in said(post(desk, olga, "suspend", olga))
    assert desk.get("/admin/").status_code == 200


def test_who_lost_the_phone_is_shown_a_new_key_and_new_codes(desk, olga, settings):
    kim = of_role("support", name="Kim")
    TOTPDevice.objects.create(user=kim, confirmed=True)
    TOTPDevice.objects.create(user=kim, confirmed=False)
    RecoveryCode.objects.create(account=kim, code_hash="x")
    olgas = TOTPDevice.objects.create(user=olga, confirmed=True)
    theirs, seen = logged_in(kim), seal(state_of(kim), olga)
    assert theirs.get("/admin/").status_code == 200
    assert "QR code and new recovery codes" in said(post(desk, olga, "new_authenticator", kim, seen=seen))
    assert "already pressed" in said(post(desk, olga, "new_authenticator", kim, seen=seen))
    assert list(TOTPDevice.objects.all()) == [olgas] and not RecoveryCode.objects.exists()
    assert theirs.get("/admin/").status_code == 302
    line = Event.objects.get(account=kim, kind="second_step_removed")
    assert (line.voice, line.actor, line.detail) == (Voice.SUPPORT, olga, WORDS["reason"])
    mail = letter("second_step_removed")
    assert mail.to == [kim.email] and "Olga Owner has removed it together with your recovery codes" in mail.body

    settings.DESK_REQUIRES_TOTP = True
    theirs = logged_in(kim)
    assert "<svg" in theirs.get("/admin/second-step/").content.decode()
    code = f"{totp(TOTPDevice.objects.get(user=kim).bin_key):06}"
    page = theirs.post("/admin/second-step/", {"code": code}).content.decode()
    assert len(re.findall(r"<li><code>", page)) == 10


def test_ones_own_authenticator_is_replaced_with_a_recovery_code(desk, olga):
    TOTPDevice.objects.create(user=olga, confirmed=True)
    assert "log in with a recovery code" in said(post(desk, olga, "new_authenticator", olga))
    assert TOTPDevice.objects.exists()
    assert "no authenticator yet" in said(post(desk, olga, "new_authenticator", of_role("support")))


def test_a_page_that_is_stale_says_what_changed_and_keeps_the_reason(desk, olga):
    kim = of_role("support")
    seen = seen_on(desk.get("/admin/staff/").content.decode(), "suspend", kim)
    kim.groups.set(Group.objects.filter(name="owner"))
    answer = post(desk, olga, "suspend", kim, seen=seen)
    assert "since you looked: they have another role." in said(answer)
    assert f'value="{WORDS["reason"]}"' in answer.content.decode() and Account.objects.get(pk=kim.pk).is_active


# Who presses, and whose access it would change. Nothing but these cells does anything.
WHO = {
    "nobody": lambda: None,
    "a customer": lambda: Person.create(status=Status.ACTIVE, asked_at=None),
    "staff without a role": lambda: of_role(),
    "support": lambda: of_role("support"),
    "owner": lambda: of_role("owner"),
    "superuser": lambda: of_role(is_superuser=True),
}
WHOM: dict[str, Callable[..., Account]] = {
    "support": lambda **more: of_role("support", **more),
    "owner": lambda **more: of_role("owner", **more),
    "superuser": lambda **more: of_role(is_superuser=True, **more),
    "customer": lambda **more: Person.create(status=Status.ACTIVE, asked_at=None, **more),
}
MAY = {(who, whom) for who in ("owner", "superuser") for whom in ("support", "owner")} | {("superuser", "superuser")}
STATES: dict[str, dict] = {"let_back_in": {"is_active": False}, "invite_again": {"password": "!"}}


def as_it_stands():
    rows = Account.objects.order_by("pk").values_list("pk", "is_active", "is_staff", "is_superuser", "groups__name")
    return [*rows], Step.objects.count(), TOTPDevice.objects.count(), Press.objects.count()


@pytest.mark.parametrize("act", ["invite", *ACTS])
@pytest.mark.parametrize("who", WHO)
def test_every_act_is_refused_where_it_is_carried_out(who, act):
    of_role("owner")  # so that nobody is the last one
    actor = WHO[who]()
    client = logged_in(actor) if actor else Client()
    viewer = actor or of_role()
    if act == "invite":
        before = as_it_stands()
        post(client, viewer, act)
        assert (as_it_stands() != before) is (who in ("owner", "superuser"))
        return
    for whom, make in WHOM.items():
        target = make(**STATES.get(act, {}))
        TOTPDevice.objects.create(user=target, confirmed=True)
        before = as_it_stands()
        is_above_roles = act == "role" and whom == "superuser"
        post(client, viewer, act, target, role="support" if whom == "owner" else "owner")
        does = (who, whom) in MAY and not is_above_roles
        assert (as_it_stands() != before) is does, whom


@pytest.mark.parametrize("who", WHO)
def test_the_page_is_shown_to_owners_only(who):
    actor = WHO[who]()
    client = logged_in(actor) if actor else Client()
    root = of_role(is_superuser=True, name="Root")
    answer = client.get("/admin/staff/")
    may = who in ("owner", "superuser")
    assert (answer.status_code == 200) is may and ("Root" in answer.content.decode()) is may
    if actor and actor.is_staff:
        assert ('href="/admin/staff/"' in client.get("/admin/recovery-codes/", follow=True).content.decode()) is may
    if may:
        assert bool(offered(answer.content.decode(), root)) is (who == "superuser")


def test_the_permission_is_asked_for_again_once_the_rows_are_locked(olga):
    """Of two owners who take it from each other, the second may no more."""
    kim = of_role("owner")
    assert may_manage(olga), "as her request has read it"
    for take in (
        lambda: Account.objects.get(pk=olga.pk).groups.clear(),
        lambda: Account.objects.filter(pk=olga.pk).update(is_active=False, is_superuser=True),
        lambda: Account.objects.filter(pk=olga.pk).update(is_active=True, is_staff=False),
    ):
        take()
        with pytest.raises(PermissionDenied):
            views._carry_out("suspend", Seen(uuid4(), state_of(kim)), olga, WORDS)
    assert Account.objects.get(pk=kim.pk).is_active and not Press.objects.exists()


def test_a_customer_is_nobody_of_the_staff(desk, olga):
    dana = Person.create(name="Dana", status=Status.ACTIVE, asked_at=None)
    assert "Dana" not in desk.get("/admin/staff/").content.decode()
    assert "does not exist" in said(post(desk, olga, "suspend", dana))


def test_forms_that_this_desk_did_not_make(desk, olga):
    kim = of_role("support")
    assert desk.post("/admin/staff/suspend/", WORDS | {"seen": "x"}).status_code == 400
    assert desk.post("/admin/staff/suspend/", WORDS | {"seen": seal(state_of(kim), kim)}).status_code == 400
    assert desk.post("/admin/staff/make_superuser/", WORDS).status_code == 404
    assert desk.get("/admin/staff/suspend/").status_code == 405
    other = seal(state_of(kim), olga)
    for act in ("recover", "vouch", "end_sessions"):
        assert desk.post(f"/admin/acts/{act}/", WORDS | {"seen": other}).status_code in (302, 403)
    assert "does not exist" in said(post(desk, olga, "suspend", seen=seal({"account": str(uuid4())}, olga)))
    assert Account.objects.filter(is_active=True, is_superuser=False).count() == 2


def test_staff_are_found_by_an_index_among_a_million():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "who_is_staff" in staff().explain()


def test_the_permission_is_the_owners():
    groups = Group.objects.filter(permissions__codename="manage_staff")
    assert [group.name for group in groups] == ["owner"]
