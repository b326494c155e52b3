"""Every door used at random, in any state of the world: what must hold after each act, holds."""

import pytest
from django.db.models.functions import Now
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import Account, Event, SignupClaim
from accounts.status import Status
from provisioning.engine.settle import status_of
from provisioning.intake.waivers import waive
from provisioning.models import OWED, Attempt, Dependency, Heartbeat, Outage, State, Step, Workspace
from provisioning.sweep import sweep
from stage import MailServer, Provisioner
from stage.acts import UNTRUE
from support.models import Message, Ticket
from tests.people import PASSWORD

PEOPLE = ["dana@acme.example", "bo@lund.example"]
TABLES = (Message, Ticket, Attempt, Event, SignupClaim, Workspace, Step, Outage, Dependency, Heartbeat, Account)
people = st.sampled_from(PEOPLE)


class Doors(RuleBasedStateMachine):
    mail: MailServer
    workspaces: Provisioner

    @initialize()
    def an_empty_house(self):
        for table in TABLES:
            table.objects.all().delete()
        for server in (self.mail, self.workspaces):
            server.reset()
        self.arrived: set[str] = set()

    @rule(mode=st.sampled_from(["ok", "4xx", "5xx", "refused", "drop"]))
    def mail_becomes(self, mode):
        self.mail.mode = mode

    @rule(mode=st.sampled_from(["ok", "503", "4xx", "refused", "reply_lost"]))
    def workspaces_become(self, mode):
        self.workspaces.mode = mode

    @rule(email=people, password=st.sampled_from([PASSWORD, "another long password"]))
    def sign_up(self, email, password):
        fields = {"name": "Dana", "email": email, "phone": "+49 30 901820", "company": "Acme", "password": password}
        answer = Client().post("/signup/", fields)
        assert (answer.status_code, answer["Location"]) == (302, "/arriving/")

    @rule(email=people, password=st.sampled_from([PASSWORD, "another long password", "wrong"]))
    def log_in(self, email, password):
        browser = Client()
        page = browser.post("/login/", {"email": email, "password": password}, follow=True)
        assert page.status_code == 200
        assert not any(words in page.content.decode().lower() for words in UNTRUE)

    @rule(email=people)
    def write_to_us(self, email):
        page = Client().post("/contact/", {"email": email, "message": "Where is it?"}, follow=True)
        assert page.status_code == 200

    @rule()
    def time_passes(self):
        Step.objects.filter(state__in=OWED).update(due_at=Now())
        Dependency.objects.filter(broken=True).update(probe_at=Now())

    @rule()
    def the_sweep_comes(self):
        sweep()

    @rule(email=people)
    def let_in(self, email):
        for account in Account.objects.filter(email=email):
            waive(account, ["workspace"], actor=None, reason="A deadline", pay_by=account.created_at)

    @invariant()
    def one_account_an_address(self):
        emails = list(Account.objects.values_list("email", flat=True))
        assert len(emails) == len(set(emails)) <= len(PEOPLE)

    @invariant()
    def the_row_agrees_with_its_steps(self):
        for account in Account.objects.all():
            states = dict(Step.objects.filter(account=account, occasion="").values_list("kind", "state"))
            if states and account.asked_at is None and account.status != Status.ACTIVE:
                assert account.status == status_of(states)

    @invariant()
    def whoever_arrived_stays(self):
        now = set(Account.objects.filter(status=Status.ACTIVE).values_list("email", flat=True))
        assert self.arrived <= now
        self.arrived = now

    @invariant()
    def nothing_twice(self):
        assert set(self.workspaces.effects.values()) <= {1}
        for letter in self.mail.received:
            same = [
                other for other in self.mail.received if other.message["Message-ID"] == letter.message["Message-ID"]
            ]
            assert len(same) == 1

    def teardown(self):
        """In the end the world is well, everybody comes once more, and nobody is left."""
        self.mail.mode = self.workspaces.mode = "ok"
        Account.objects.update(asked_at=Now())
        for _ in range(4):
            self.time_passes()
            sweep()
        assert not Account.objects.exclude(status=Status.ACTIVE).exists()
        assert not Step.objects.exclude(state=State.DONE).exists()
        assert set(self.workspaces.effects) == {str(pk) for pk in Account.objects.values_list("pk", flat=True)}
        assert not Ticket.objects.filter(closed_at=None, why=Ticket.Why.GAVE_UP).exists()


@pytest.fixture
def quick(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLES = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 2
    settings.SETUP_RETRY_SECONDS, settings.SETUP_GIVE_UP_AFTER = [600], 3
    return settings


def test_doors_at_random(transactional_db, quick):
    with MailServer() as mail, Provisioner() as workspaces:
        quick.EMAIL_PORT, quick.WORKSPACE_URL = mail.port, workspaces.url
        machine = type("Doors", (Doors,), {"mail": mail, "workspaces": workspaces})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                phases=[Phase.explicit, Phase.generate],
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
