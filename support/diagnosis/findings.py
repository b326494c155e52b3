"""Diagnosis rules: facts of an account in, a finding out. A decision table; the first row that fits wins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Account, Event, EventKind, Voice
from accounts.status import Status
from provisioning.kinds import label_of
from provisioning.models import OWED, Dependency, State, Step
from support.diagnosis.edit_distance import meant_domain

GONE_AFTER = timedelta(hours=24)
SOON = timedelta(hours=2)
# Whichever came last says whether they know the password that counts.
PASSWORD_KNOWN_BY = (
    EventKind.SIGNED_UP_WITH_OTHER_PASSWORD,
    EventKind.LOGGED_IN,
    EventKind.CHOSE_PASSWORD,
    EventKind.PROVED_MAILBOX,
)
EXISTS = ("already exists", "409", "taken", "duplicate")


@dataclass(frozen=True)
class Trouble:
    """An open incident of one service: since when, and how many people."""

    since: datetime
    people: int


@dataclass(frozen=True)
class Facts:
    """Facts about one person at the time somebody looks. Events come newest first."""

    account: Account
    now: datetime
    steps: Sequence[Step] = ()
    events: Sequence[Event] = ()
    services: Mapping[str, Dependency] = field(default_factory=dict)
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    has_workspace: bool = False
    known_domains: frozenset[str] = frozenset()

    @property
    def setup(self) -> list[Step]:
        return [step for step in self.steps if not step.occasion]

    def stuck(self) -> list[Step]:
        return [s for s in self.setup if s.state == State.DEAD or (s.state == State.OPEN and s.error)]

    def debts(self) -> list[Step]:
        return [step for step in self.setup if step.state == State.WAIVED]

    def is_down(self, service: str) -> bool:
        return service in self.services and self.services[service].broken

    def last(self, *kinds: str) -> Event | None:
        return next((event for event in self.events if event.kind in kinds), None)

    def last_seen(self) -> datetime | None:
        return next((event.at for event in self.events if event.voice == Voice.THEY), None)


@dataclass(frozen=True)
class Evidence:
    """One observation that supports a finding, with its time if there is one."""

    words: str
    at: datetime | None = None


@dataclass(frozen=True)
class Finding:
    """Result of a diagnosis: a sentence, its evidence, and what we suggest.

    `act` is what we suggest (see actions/actions.py), or wait, answer, ask, read: nothing to press.
    """

    code: str
    sentence: str
    act: str
    alternatives: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Row:
    """Row of the decision table.

    `fits` returns the evidence when the row fits, and None when it does not.
    """

    code: str
    fits: Callable[[Facts], Sequence[Evidence] | None]
    sentence: Callable[[Facts], str]
    act: str
    alternatives: tuple[str, ...] = ()


def diagnose(facts: Facts) -> Finding:
    """Finding of the first row that fits; the last one, `unknown`, fits everybody."""
    for row in TABLE:
        evidence = row.fits(facts)
        if evidence is not None:
            return Finding(row.code, row.sentence(facts), row.act, row.alternatives, tuple(evidence))
    raise AssertionError("the last row fits everybody")


def plain(kind: str) -> str:
    """Label of a kind of step, as people read it."""
    return label_of(kind)


def _of(step: Step) -> Evidence:
    return Evidence(f"{plain(step.kind)}: {step.error or 'not tried yet'}", step.failed_at)


def _suspended(facts: Facts):
    return None if facts.account.is_active else [Evidence("the account is marked as suspended")]


def _dep_down(facts: Facts):
    waiting = [step for step in facts.setup if step.state == State.OPEN and facts.is_down(step.dependency)]
    return [_of(step) for step in waiting] or None


def _down_words(facts: Facts) -> str:
    names = sorted({s.dependency for s in facts.setup if s.state == State.OPEN and facts.is_down(s.dependency)})
    trouble = facts.troubles.get(names[0])
    since = f" since {trouble.since:%H:%M}; {trouble.people} people are waiting for it" if trouble else ""
    return f"Down for everyone: {' and '.join(names)}{since}. It's retried automatically."


def _bounced(facts: Facts):
    refused = [_of(s) for s in facts.steps if s.dependency == "mail" and s.permanent and s.state != State.DONE]
    event = facts.last(
        EventKind.WELCOME_EMAIL_BOUNCED, EventKind.MAIL_BOUNCED, EventKind.CORRECTED_ADDRESS
    )  # whichever came last
    if event and event.kind != EventKind.CORRECTED_ADDRESS:
        refused.append(Evidence(event.detail or "an email came back", event.at))
    return refused or None


def _bounced_words(facts: Facts) -> str:
    meant = meant_domain(facts.account.email, facts.known_domains)
    return "Their address doesn't accept our mail." + (f" Did they mean {meant}?" if meant else "")


def _likely_typo(facts: Facts):
    if facts.account.mailbox_proven_at or not meant_domain(facts.account.email, facts.known_domains):
        return None
    return [Evidence(f"{facts.account.email} is one typo away, and nobody has confirmed this address")]


def _dep_back(facts: Facts):
    return [_of(step) for step in facts.stuck() if not step.permanent and _works_since(facts, step)] or None


def _works_since(facts: Facts, step: Step) -> bool:
    """True if a step failed while its service was down, and the service has worked since.

    As far as we know when that began: a failure before the incident was not its doing, nor one in our own code.
    """
    service, trouble = facts.services.get(step.dependency), facts.troubles.get(step.dependency)
    worked = service and not service.broken and service.last_ok_at
    ours = "our own code" in step.error
    before = bool(trouble and step.failed_at and step.failed_at < trouble.since)
    return bool(worked and step.failed_at and worked > step.failed_at and not ours and not before)


def _other_password(facts: Facts):
    event = facts.last(*PASSWORD_KNOWN_BY)
    if event is None or event.kind != EventKind.SIGNED_UP_WITH_OTHER_PASSWORD:
        return None
    return [Evidence("signed up again with another password", event.at)]


def _exists_but_no_record(facts: Facts):
    for step in facts.stuck():
        said_so = any(word in step.error.lower() for word in EXISTS)
        if step.dependency == "workspace" and (said_so or facts.has_workspace):
            here = [Evidence("the workspace is recorded as created")] if facts.has_workspace else []
            return [_of(step), *here]
    return None


def _refused(facts: Facts):
    return [_of(step) for step in facts.stuck() if step.permanent] or None


def _gave_up(facts: Facts):
    return [_of(step) for step in facts.stuck()] if facts.account.status == Status.FAILED else None


def _debt(facts: Facts):
    owed = [
        Evidence(f"{plain(s.kind)}: {s.error or 'still to come'}, promised by {s.pay_by:%-d %b %H:%M}")
        for s in facts.debts()
    ]
    return (owed or None) if facts.account.status == Status.ACTIVE else None


def _failed_before(facts: Facts) -> bool:
    return any(e.voice == Voice.WE and e.kind.endswith((".failed", ".outage", ".refused")) for e in facts.events)


def _abandoned(facts: Facts):
    seen, healed = facts.last_seen(), facts.account.status_at
    if facts.account.status != Status.ACTIVE or not _failed_before(facts) or facts.now - healed < GONE_AFTER:
        return None
    return None if seen and seen > healed else [Evidence("recovered then, and hasn't been back since", healed)]


def _healing(facts: Facts):
    if facts.account.status == Status.ACTIVE:
        return None
    moving = [s for s in facts.setup if s.state in OWED and (s.leased or s.due_at < facts.now + SOON)]
    fresh = facts.account.asked_at is not None
    return [_of(step) for step in moving] if moving or fresh else None


def _fine(facts: Facts):
    if facts.account.status != Status.ACTIVE:
        return None
    event = facts.last(EventKind.LOGGED_IN)
    return [Evidence("last logged in", event.at)] if event else []


def _fine_words(facts: Facts) -> str:
    if _failed_before(facts):
        return "It works now. Before that, something of ours failed them."
    return "Nothing is wrong on our side."


def _says(words: str) -> Callable[[Facts], str]:
    return lambda _facts: words


TABLE: tuple[Row, ...] = (
    Row("suspended", _suspended, _says("This account is suspended."), "answer", ("hand_over",)),
    Row("dep_down", _dep_down, _down_words, "wait", ("let_in",)),
    Row("bounced", _bounced, _bounced_words, "correct_address", ("recover", "let_in")),
    Row(
        "likely_typo",
        _likely_typo,
        lambda facts: f"A typo in the address? {meant_domain(facts.account.email, facts.known_domains)} is close.",
        "ask",
        ("correct_address",),
    ),
    Row(
        "exists_but_no_record",
        _exists_but_no_record,
        _says("The workspace exists, but our record of it doesn't. Trying again will pick up the one that exists."),
        "recover",
        ("let_in", "hand_over"),
    ),
    Row(
        "dep_back",
        _dep_back,
        _says("It failed while a service was down, and that service is working again."),
        "recover",
        ("let_in",),
    ),
    Row(
        "other_password",
        _other_password,
        _says("They signed up again with a different password. The first one still works."),
        "send_link",
        ("vouch", "end_sessions"),
    ),
    Row(
        "refused",
        _refused,
        _says("It was refused for good: trying again without a change won't help."),
        "read",
        ("let_in", "recover", "hand_over"),
    ),
    Row(
        "gave_up",
        _gave_up,
        _says("All automatic tries failed, and I don't know why. Try once more, then ask an engineer."),
        "recover",
        ("let_in", "hand_over"),
    ),
    Row(
        "debt",
        _debt,
        lambda facts: f"They've been let in without: {', '.join(plain(step.kind) for step in facts.debts())}.",
        "recover",
        ("hand_over",),
    ),
    Row(
        "abandoned",
        _abandoned,
        _says("It works, but they haven't been back: they don't know, or they've moved on."),
        "answer",
    ),
    Row(
        "healing",
        _healing,
        _says("It's being set up or recovering on its own right now."),
        "wait",
        ("let_in", "recover"),
    ),
    Row("fine", _fine, _fine_words, "answer", ("vouch", "end_sessions")),
    Row("unknown", lambda facts: [], _says("I don't know."), "read", ("recover", "hand_over")),
)
