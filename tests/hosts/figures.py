"""What was promised, and what became of it: one line."""

from collections import Counter
from dataclasses import dataclass

from stage.visitor import Page
from tests.hosts.crowd import Crowd
from tests.hosts.lab import Lab

ARRIVED = "SELECT count(*) FROM accounts_account WHERE status = 'active' AND email = ANY(%s)"
# A claim of a letter that was never settled: its worker was gone between handing it over and writing that down.
CLAIMS_LOST = (
    "SELECT coalesce(sum(greatest(0, step.epoch - 1 - (SELECT count(*) FROM provisioning_attempt AS try"
    " WHERE try.step_id = step.id))), 0)::int FROM provisioning_step AS step WHERE dependency = 'mail'"
)
MISSING = (
    "SELECT account.email || ': ' || account.status || coalesce(', ' || string_agg(step.kind || ' ' || step.state"
    " || ' after ' || step.attempts || ' tries, due ' || step.due_at || ' ' || step.error, ', '), ', no steps')"
    " FROM accounts_account AS account LEFT JOIN provisioning_step AS step ON step.account_id = account.id"
    " WHERE account.status <> 'active' AND account.email = ANY(%s) GROUP BY account.id LIMIT 20"
)


@dataclass
class Figures:
    came: int
    promised: int
    arrived: int
    doubled: int  # workspaces of one person beyond the first
    again: int  # letters that came once more
    at_most: int  # times that they could
    broken: int  # pages with 500
    longest: Page
    silences: int  # pages without an answer, mostly of a web that was killed

    @property
    def lost(self) -> int:
        return self.promised - self.arrived

    def hold(self) -> bool:
        return not (self.lost or self.doubled or self.broken) and self.promised > 0

    def __str__(self) -> str:
        return (
            f"{self.came} came, {self.promised} promised, {self.arrived} ACTIVE, {self.lost} lost, "
            f"{self.doubled} workspaces twice, {self.again} letters again (at most {self.at_most}), "
            f"{self.broken} pages with 500, {self.silences} without an answer, "
            f"the longest {self.longest.seconds:.1f} s ({self.longest.path} {self.longest.status})"
        )


def arrived(lab: Lab, crowd: Crowd) -> int:
    return lab.ask(ARRIVED, list(crowd.promised))


def figures(lab: Lab, crowd: Crowd) -> Figures:
    return Figures(
        came=crowd.came,
        promised=len(crowd.promised),
        arrived=arrived(lab, crowd),
        doubled=beyond_the_first(made["email"] for made in lab.workspaces.workspaces.values()),
        again=beyond_the_first((letter.recipients, letter.message["Message-ID"]) for letter in lab.mail.received),
        at_most=lab.ask(CLAIMS_LOST),
        broken=len(crowd.broken),
        longest=crowd.longest,
        silences=crowd.silences,
    )


def beyond_the_first(things) -> int:
    return sum(times - 1 for times in Counter(things).values())


def missing(lab: Lab, crowd: Crowd) -> list[str]:
    with lab.connect() as line:
        return [words for (words,) in line.execute(MISSING, [list(crowd.promised)])]
